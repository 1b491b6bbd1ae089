// SPDX-License-Identifier: Apache-2.0
// The folder of a run: what rank 0 writes there, and how a resumed run finds its way back (DESIGN
// 5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "alarm/comm/world.hpp"

namespace alarm_dist {

enum class Resume { kNo, kYes };

class RunDirectory {
 public:
  // Checks that a fresh run finds no earlier one there, that a resumed one finds the same config
  // (run.steps may differ), that the disk takes files. Rank 0 looks, every rank gets its verdict.
  // Throws UsageError. Collective.
  RunDirectory(World& world, std::filesystem::path path, Resume resume,
               const std::string& config_yaml);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  // The last step whose records stay when the run starts from the beginning: none, if it was killed
  // before a checkpoint.
  std::optional<std::int64_t> kept_records() const {
    if (resume_ == Resume::kNo) return std::nullopt;
    return -1;
  }

 private:
  std::filesystem::path path_;
  Resume resume_;
};

// runs/NAME, or runs/NAME-2, -3... if that is taken.
std::filesystem::path free_run_directory(const std::filesystem::path& parent,
                                         const std::string& name);

}  // namespace alarm_dist
