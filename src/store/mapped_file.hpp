// SPDX-License-Identifier: Apache-2.0
// A whole file mapped read-only. The pages are the page cache's: all processes of a node that map
// the file share them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace alarm_dist {

class MappedFile {
 public:
  // Throws Error with the path and the system's reason. Tensors that view the map share its
  // ownership.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  MappedFile(std::filesystem::path path, std::span<const std::byte> bytes)
      : path_(std::move(path)), bytes_(bytes) {}

  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

}  // namespace alarm_dist
