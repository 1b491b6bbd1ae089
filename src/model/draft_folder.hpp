// SPDX-License-Identifier: Apache-2.0
// A folder that is written under another name: complete or absent.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace alarm_dist {

// The target's name with a dot before it, in its folder: what stands there while the target is
// made. However the target is spelt ("a/../b"), it is the same.
inline std::filesystem::path hidden_beside(const std::filesystem::path& target) {
  auto absolute = std::filesystem::absolute(target).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "models/mine/"
  return absolute.parent_path() / ("." + absolute.filename().string());
}

class DraftFolder {
 public:
  // Beside the target, so that a rename suffices. What a killed process left there is removed: only
  // one may write a target at a time (FileLock).
  explicit DraftFolder(const std::filesystem::path& target) : target_(target.lexically_normal()) {
    path_ = hidden_beside(target_);
    path_ += ".partial";
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~DraftFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  DraftFolder(const DraftFolder&) = delete;
  DraftFolder& operator=(const DraftFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // The folder, or one inside it, becomes the target.
  void commit(const std::filesystem::path& whole) const { std::filesystem::rename(whole, target_); }

 private:
  std::filesystem::path target_, path_;
};

}  // namespace alarm_dist
