// SPDX-License-Identifier: Apache-2.0
// The stream behind every file that the program writes: a temporary file beside the target, renamed
// over it by commit().
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "store/file_descriptor.hpp"

namespace alarm_dist {

class AtomicWriter {
 public:
  // Throws Error with the path and the reason when no file can be made there.
  explicit AtomicWriter(const std::filesystem::path& path);
  ~AtomicWriter();  // without commit() removes the temporary file; the target stays as it was
  AtomicWriter(const AtomicWriter&) = delete;
  AtomicWriter& operator=(const AtomicWriter&) = delete;

  void write(std::span<const std::byte> bytes);
  void commit();  // sync, rename, sync the folder

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  FileDescriptor fd_;
};

}  // namespace alarm_dist
