// SPDX-License-Identifier: Apache-2.0
// A folder of its own for a test, removed at the end.
#pragma once

#include <filesystem>
#include <string>

namespace alarm_dist::testing {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Root of the source tree (tests/data, tests/golden); ctest sets ALARM_SOURCE_DIR.
std::filesystem::path source_dir();
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace alarm_dist::testing
