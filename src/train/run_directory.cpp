// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/run_directory.hpp"

#include <sstream>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/store/atomic_file.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kNeededBytes =
    1ULL << 30;  // two checkpoints of a small model; larger ones fail when they are written

// The first line in which two configs differ; empty if there is none. The number of steps may,
// where the learning rate does not depend on it.
std::string first_difference(const std::string& stored, const std::string& given) {
  const bool steps_may = stored.find("\n  schedule: constant") != std::string::npos;
  std::istringstream a(stored), b(given);
  std::string line_a, line_b;
  for (;;) {
    const bool more_a = static_cast<bool>(std::getline(a, line_a));
    const bool more_b = static_cast<bool>(std::getline(b, line_b));
    if (!more_a && !more_b) return {};
    const bool steps =
        steps_may && line_a.rfind("  steps:", 0) == 0 && line_b.rfind("  steps:", 0) == 0;
    if (line_a != line_b && !steps) return fmt::format("'{}' was '{}'", line_b, line_a);
  }
}

void prepare(const fs::path& path, Resume resume, const std::string& config_yaml) {
  // A run that ended before its first line, on bad input, has left nothing to lose.
  const bool used = fs::exists(path / "config.yaml") && fs::exists(path / "metrics.jsonl");
  if (used && resume == Resume::kNo) {
    throw UsageError(
        fmt::format("{} holds a run already: --resume continues it, --out names another folder",
                    path.string()));
  }
  if (used) {
    const auto difference = first_difference(read_whole_file(path / "config.yaml"), config_yaml);
    if (!difference.empty()) {
      throw UsageError(
          fmt::format("{}: the run was started with another config: {} (a key that only one of "
                      "them has came with another version of the program)",
                      path.string(), difference));
    }
  }
  if (!used && resume == Resume::kYes)
    log::warn("{} holds no run to resume: starting from the beginning", path.string());
  check_writable(path, kNeededBytes);
  write_file_atomically(path / "config.yaml", config_yaml);
}

}  // namespace

RunDirectory::RunDirectory(World& world, fs::path path, Resume resume,
                           const std::string& config_yaml)
    : path_(std::move(path)), resume_(resume) {
  std::string verdict;
  if (world.rank() == 0) {
    try {
      prepare(path_, resume, config_yaml);
    } catch (const Error& error) {
      verdict = error.what();
    }
  }
  const auto bytes = std::as_bytes(std::span(verdict));
  const Bytes all = broadcast_bytes(world.communicator(), Bytes(bytes.begin(), bytes.end()), 0);
  if (!all.empty())
    throw UsageError(std::string(reinterpret_cast<const char*>(all.data()), all.size()));
}

fs::path free_run_directory(const fs::path& parent, const std::string& name) {
  fs::path path = parent / name;
  for (int n = 2; fs::exists(path); ++n) path = parent / fmt::format("{}-{}", name, n);
  return path;
}

}  // namespace alarm_dist
