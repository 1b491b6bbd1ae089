// SPDX-License-Identifier: Apache-2.0
#include "store/pickled_weights.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/base/error.hpp"
#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kExtensions = {".bin", ".pt", ".pth", ".ckpt", ".pkl"};
// What trainers leave beside a model: pickles, but no weights.
constexpr std::array<std::string_view, 5> kNoWeights = {
    "training_args.bin", "optimizer.pt", "optimizer.bin", "scheduler.pt", "rng_state.pth"};

bool contains(std::span<const std::string_view> names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool is_pickle(const fs::path& file) { return contains(kExtensions, file.extension().string()); }

std::optional<fs::path> find_pickled_weights(const fs::path& dir) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(dir)) {
    const auto& file = entry.path();
    if (is_pickle(file) && !contains(kNoWeights, file.filename().string())) found.push_back(file);
  }
  if (found.empty()) return std::nullopt;
  for (const char* usual : {"pytorch_model.bin", "adapter_model.bin"}) {
    if (std::ranges::find(found, dir / usual) != found.end()) return dir / usual;
  }
  return *std::ranges::min_element(found);
}

void refuse_pickle(const fs::path& path) {
  const bool folder = fs::is_directory(path);
  const auto pickle = folder ? find_pickled_weights(path) : std::optional<fs::path>(path);
  if (!pickle || !is_pickle(*pickle)) return;
  throw UsageError(
      fmt::format("{}: pickled weights are not read, because loading them can run any code; "
                  "expected safetensors: `launch/convert-pickle {} OUT` makes a folder of them",
                  pickle->string(), path.string()));
}

}  // namespace alarm_dist
