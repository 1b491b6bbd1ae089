// SPDX-License-Identifier: Apache-2.0
// An input as a file in memory, for readers that want a path.
#pragma once

#include <filesystem>
#include <string_view>

namespace alarm_dist::fuzz {

class InputFile {
 public:
  explicit InputFile(std::string_view bytes);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::filesystem::path path() const;

 private:
  int descriptor_;
};

}  // namespace alarm_dist::fuzz
