// SPDX-License-Identifier: Apache-2.0
#include "model/prompt_rows.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace alarm_dist {
namespace {

std::int64_t count(const std::vector<std::int64_t>& values) {
  return static_cast<std::int64_t>(values.size());
}

}  // namespace

at::Tensor hiding_mask(const at::Tensor& hidden_GP, const at::TensorOptions& options) {
  return at::zeros(hidden_GP.sizes(), options)
      .masked_fill_(hidden_GP, -std::numeric_limits<double>::infinity())
      .unsqueeze(1)
      .unsqueeze(1);
}

PromptRows::PromptRows(std::vector<std::int64_t> prompt_sizes,
                       std::vector<std::int64_t> prompt_of_row, const at::TensorOptions& options)
    : options_(options),
      sizes_(std::move(prompt_sizes)),
      prompt_of_row_(std::move(prompt_of_row)),
      longest_(*std::ranges::max_element(sizes_)) {
  arrange();
}

at::Tensor PromptRows::indices(std::span<const std::int64_t> values) const {
  return at::tensor(at::ArrayRef<std::int64_t>(values.data(), values.size()),
                    at::TensorOptions(at::kLong))
      .to(options_.device());
}

at::Tensor PromptRows::by_prompt(const at::Tensor& x_B) const {
  return x_B.index_select(0, row_of_slot_).unflatten(0, {count(sizes_), width_});
}

at::Tensor PromptRows::by_row(const at::Tensor& x_Gk) const {
  return x_Gk.flatten(0, 1).index_select(0, slot_of_row_);
}

// Slots and mask follow from which rows are live.
void PromptRows::arrange() {
  std::vector<std::int64_t> used(sizes_.size(), 0), slot_of_row;
  for (const auto prompt : prompt_of_row_) ++used[static_cast<std::size_t>(prompt)];
  width_ = *std::ranges::max_element(used);
  std::vector<std::int64_t> row_of_slot(static_cast<std::size_t>(count(sizes_) * width_), 0);
  std::ranges::fill(used, 0);
  for (std::int64_t row = 0; row < count(prompt_of_row_); ++row) {
    const auto prompt = prompt_of_row_[static_cast<std::size_t>(row)];
    const auto slot = prompt * width_ + used[static_cast<std::size_t>(prompt)]++;
    row_of_slot[static_cast<std::size_t>(slot)] = row;
    slot_of_row.push_back(slot);
  }
  row_of_slot_ = indices(row_of_slot);
  slot_of_row_ = indices(slot_of_row);

  mask_.reset();
  if (std::ranges::all_of(sizes_, [&](auto size) { return size == longest_; })) return;
  const auto places_P = at::arange(longest_, options_.dtype(at::kLong));
  mask_ = hiding_mask(places_P >= indices(sizes_).unsqueeze(1), options_);
}

std::vector<std::int64_t> PromptRows::sizes_by_row() const {
  std::vector<std::int64_t> sizes;
  for (const auto prompt : prompt_of_row_)
    sizes.push_back(sizes_[static_cast<std::size_t>(prompt)]);
  return sizes;
}

std::optional<PromptRows::KeptPrompts> PromptRows::keep(std::span<const std::int64_t> rows) {
  std::vector<std::int64_t> prompt_of_row;
  for (const auto row : rows)
    prompt_of_row.push_back(prompt_of_row_.at(static_cast<std::size_t>(row)));
  prompt_of_row_ = std::move(prompt_of_row);
  auto kept = drop_idle();
  arrange();
  return kept;
}

std::optional<PromptRows::KeptPrompts> PromptRows::drop_idle() {
  std::vector<std::int64_t> live(prompt_of_row_);
  std::ranges::sort(live);
  live.erase(std::ranges::unique(live).begin(), live.end());
  if (2 * count(live) > count(sizes_)) return std::nullopt;
  std::vector<std::int64_t> sizes;
  for (const auto prompt : live) sizes.push_back(sizes_[static_cast<std::size_t>(prompt)]);
  sizes_ = std::move(sizes);
  longest_ = *std::ranges::max_element(sizes_);
  for (auto& prompt : prompt_of_row_)
    prompt = std::ranges::lower_bound(live, prompt) - live.begin();
  return KeptPrompts{.indices = indices(live), .longest = longest_};
}

}  // namespace alarm_dist
