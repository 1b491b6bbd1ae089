// SPDX-License-Identifier: Apache-2.0
#include "model/tensor_census.hpp"

#include <charconv>
#include <utility>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// Of "model.layers.12.mlp.down_proj.weight" behind "model.layers.": 12.
std::int64_t number_behind(const std::string& name, const std::string& prefix) {
  std::int64_t number = -1;
  if (name.starts_with(prefix))
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
  return number;
}

std::string reason(const std::string& name, const std::vector<NamedLayers>& layers) {
  for (const auto& [prefix, count] : layers) {
    if (number_behind(name, prefix) >= count)
      return fmt::format("it has {} layers of that kind, counted from 0", count);
  }
  if (name.ends_with(".bias")) return "it has no bias there";
  return "expected the config.json that belongs to these weights";
}

}  // namespace

TensorCensus::TensorCensus(std::filesystem::path dir, const TensorFile& file)
    : dir_(std::move(dir)), file_(file), left_(file.names().begin(), file.names().end()) {}

void TensorCensus::need(const std::string& name) {
  if (!has(name)) file_.get(name);  // throws
  left_.erase(name);
}

void TensorCensus::allow_beginning(std::string_view with) {
  std::erase_if(left_, [&](const auto& name) { return name.starts_with(with); });
}

void TensorCensus::allow_ending(std::string_view with) {
  std::erase_if(left_, [&](const auto& name) { return name.ends_with(with); });
}

void TensorCensus::check_none_left(const std::vector<NamedLayers>& layers) const {
  if (left_.empty()) return;
  const auto& first = *left_.begin();
  const auto others = left_.size() - 1;
  throw Error(fmt::format(
      "{}: tensor '{}'{} has no place in the model that config.json describes: {}", dir_.string(),
      first, others == 0 ? "" : fmt::format(" (the first of {})", others + 1),
      reason(first, layers)));
}

}  // namespace alarm_dist
