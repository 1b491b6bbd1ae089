// SPDX-License-Identifier: Apache-2.0
#include "train/repeat_command.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace alarm_dist {
namespace {

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-";
  const bool plain = !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string this_program() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "alarm-dist" : path.string();
}

// srun where it started this process, else mpirun; nothing for a world of one.
std::string launcher(int ranks) {
  if (ranks == 1) return "";
  const bool by_srun = std::getenv("SLURM_STEP_NUM_TASKS") != nullptr &&
                       std::getenv("OMPI_COMM_WORLD_LOCAL_RANK") == nullptr;
  return fmt::format("{} -n {} ", by_srun ? "srun" : "mpirun", ranks);
}

}  // namespace

std::string repeat_command(const World& world, const std::filesystem::path& run_dir) {
  return fmt::format("{}{} train --resume --out {}", launcher(world.size()), quoted(this_program()),
                     quoted(run_dir.string()));
}

}  // namespace alarm_dist
