// SPDX-License-Identifier: Apache-2.0
#include "model/decode_cache.hpp"

#include <algorithm>
#include <limits>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "model/attention_kernel.hpp"

namespace alarm_dist {
namespace {

at::Tensor heads_first(const at::Tensor& x_BTKE) { return x_BTKE.transpose(1, 2); }

std::int64_t count(const std::vector<std::int64_t>& values) {
  return static_cast<std::int64_t>(values.size());
}

}  // namespace

DecodeCache::DecodeCache(const CacheShape& shape, const DecodePlan& plan,
                         const at::TensorOptions& options)
    : shape_(shape), options_(options), prompt_of_row_(plan.prompt_of_row) {
  std::int64_t longest = 0;
  for (const auto& prompt : plan.prompts) {
    prompt_sizes_.push_back(count(prompt));
    longest = std::max(longest, count(prompt));
  }
  const auto kv_heads = shape.heads.keys, size = shape.head_size;
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    const auto of_prompts = [&] {
      return at::zeros({count(prompt_sizes_), longest, kv_heads, size}, options);
    };
    const auto of_rows = [&] {
      return at::empty({count(prompt_of_row_), plan.max_new_tokens, kv_heads, size}, options);
    };
    prompts_.push_back({of_prompts(), of_prompts()});
    own_.push_back({of_rows(), of_rows()});
  }
  arrange();
}

at::Tensor DecodeCache::indices(std::span<const std::int64_t> values) const {
  return at::tensor(at::ArrayRef<std::int64_t>(values.data(), values.size()),
                    at::TensorOptions(at::kLong))
      .to(options_.device());
}

// Slots and views follow from which rows are live.
void DecodeCache::arrange() {
  const auto prompts = count(prompt_sizes_);
  std::vector<std::int64_t> used(prompt_sizes_.size(), 0);
  for (const auto prompt : prompt_of_row_) ++used[static_cast<std::size_t>(prompt)];
  slots_.width = *std::ranges::max_element(used);
  std::vector<std::int64_t> row_of_slot(static_cast<std::size_t>(prompts * slots_.width), 0),
      slot_of_row;
  std::ranges::fill(used, 0);
  for (std::int64_t row = 0; row < count(prompt_of_row_); ++row) {
    const auto prompt = prompt_of_row_[static_cast<std::size_t>(row)];
    const auto slot = prompt * slots_.width + used[static_cast<std::size_t>(prompt)]++;
    row_of_slot[static_cast<std::size_t>(slot)] = row;
    slot_of_row.push_back(slot);
  }
  slots_.row_of_slot = indices(row_of_slot);
  slots_.slot_of_row = indices(slot_of_row);

  whole_ = whole_view();
  windowed_ = windowed_view();
}

void DecodeCache::advance() {
  ++own_tokens_;
  windowed_ = windowed_view();
}

at::Tensor DecodeCache::prompt_mask(const at::Tensor& hidden_GP) const {
  return at::zeros(hidden_GP.sizes(), options_)
      .masked_fill_(hidden_GP, -std::numeric_limits<double>::infinity())
      .unsqueeze(1)
      .unsqueeze(1);
}

DecodeCache::View DecodeCache::whole_view() const {
  const auto padded = prompts_.front().k.size(1);
  if (std::ranges::all_of(prompt_sizes_, [&](auto size) { return size == padded; })) return {};
  const auto places_P = at::arange(padded, options_.dtype(at::kLong));
  return {.prompt_mask = prompt_mask(places_P >= indices(prompt_sizes_).unsqueeze(1))};
}

// Rows have equally many tokens of their own, so the window leaves the prompts of all at once.
DecodeCache::View DecodeCache::windowed_view() const {
  const auto longest = *std::ranges::max_element(prompt_sizes_);
  if (shape_.windowed.empty() || longest + own_tokens_ < shape_.window) return whole_;
  const auto passed = own_tokens_ + 1 - shape_.window;  // of a prompt without tokens
  if (passed >= 0) return {.prompt_mask = {}, .sees_prompts = false, .first_own = passed};
  const auto sizes_G1 = indices(prompt_sizes_).unsqueeze(1);
  const auto places_P = at::arange(prompts_.front().k.size(1), options_.dtype(at::kLong));
  return {.prompt_mask =
              prompt_mask((places_P >= sizes_G1).logical_or_(places_P < sizes_G1 + passed))};
}

const DecodeCache::View& DecodeCache::view(std::int64_t layer) const {
  const bool windowed =
      !shape_.windowed.empty() && shape_.windowed[static_cast<std::size_t>(layer)];
  return windowed ? windowed_ : whole_;
}

void DecodeCache::store_prompts(std::int64_t layer, const at::Tensor& rotated_NSE) {
  const auto qkv = split_heads(rotated_NSE, shape_.heads);
  auto& kept = prompts_[static_cast<std::size_t>(layer)];
  std::int64_t begin = 0;
  for (std::int64_t prompt = 0; prompt < count(prompt_sizes_); ++prompt) {
    const auto size = prompt_sizes_[static_cast<std::size_t>(prompt)];
    kept.k.select(0, prompt).narrow(0, 0, size).copy_(qkv.k_NKE.narrow(0, begin, size));
    kept.v.select(0, prompt).narrow(0, 0, size).copy_(qkv.v_NKE.narrow(0, begin, size));
    begin += size;
  }
}

// All queries of a prompt go against its keys in one product: the rows' and a key head's query
// heads are its rows.
DecodeCache::Partial DecodeCache::attend_prompts(std::int64_t layer,
                                                 const at::Tensor& q_BHE) const {
  const auto& kept = prompts_[static_cast<std::size_t>(layer)];
  const auto prompts = kept.k.size(0), kv_heads = shape_.heads.keys,
             shared = shape_.heads.queries / kv_heads;
  const auto queries = q_BHE.index_select(0, slots_.row_of_slot)
                           .view({prompts, slots_.width, kv_heads, shared, shape_.head_size})
                           .transpose(1, 2)
                           .flatten(2, 3);
  const auto found = attention_forward({.q_BHnE = queries,
                                        .k_BKmE = heads_first(kept.k),
                                        .v_BKmE = heads_first(kept.v),
                                        .mask = view(layer).prompt_mask});
  const auto by_row = [&](const at::Tensor& x) {
    return x.unflatten(2, {slots_.width, shared})
        .transpose(1, 2)
        .flatten(0, 1)
        .index_select(0, slots_.slot_of_row);
  };
  return {by_row(found.out_BHnE), by_row(found.lse_BHn)};
}

DecodeCache::Partial DecodeCache::attend_own(std::int64_t layer, const at::Tensor& q_BHE) const {
  const auto& kept = own_[static_cast<std::size_t>(layer)];
  const auto first = view(layer).first_own, seen = own_tokens_ + 1 - first;
  const auto found = attention_forward({.q_BHnE = q_BHE.unflatten(1, {shape_.heads.keys, -1}),
                                        .k_BKmE = heads_first(kept.k.narrow(1, first, seen)),
                                        .v_BKmE = heads_first(kept.v.narrow(1, first, seen)),
                                        .mask = {}});
  return {found.out_BHnE, found.lse_BHn};
}

at::Tensor DecodeCache::attend(std::int64_t layer, const at::Tensor& rotated_BSE) {
  const auto qkv = split_heads(rotated_BSE, shape_.heads);
  auto& kept = own_[static_cast<std::size_t>(layer)];
  kept.k.select(1, own_tokens_).copy_(qkv.k_NKE);
  kept.v.select(1, own_tokens_).copy_(qkv.v_NKE);
  const auto own = attend_own(layer, qkv.q_NHE);
  if (!view(layer).sees_prompts) return own.out.to(rotated_BSE.scalar_type()).flatten(1);
  const auto prompt = attend_prompts(layer, qkv.q_NHE);
  const auto share = at::sigmoid(prompt.lse - own.lse).unsqueeze(-1);
  const auto type = share.scalar_type();
  return at::lerp(own.out.to(type), prompt.out.to(type), share)
      .to(rotated_BSE.scalar_type())
      .flatten(1);
}

void DecodeCache::keep(std::span<const std::int64_t> rows) {
  const auto kept_rows = indices(rows);
  std::vector<std::int64_t> prompt_of_row;
  for (const auto row : rows)
    prompt_of_row.push_back(prompt_of_row_.at(static_cast<std::size_t>(row)));
  prompt_of_row_ = std::move(prompt_of_row);
  for (auto& layer : own_)
    layer = {layer.k.index_select(0, kept_rows), layer.v.index_select(0, kept_rows)};
  drop_unused_prompts();
  arrange();
}

// Moving the prompts costs more than a few idle ones: done when half of them are idle.
void DecodeCache::drop_unused_prompts() {
  std::vector<std::int64_t> live(prompt_of_row_);
  std::ranges::sort(live);
  live.erase(std::ranges::unique(live).begin(), live.end());
  if (2 * count(live) > count(prompt_sizes_)) return;
  std::vector<std::int64_t> sizes;
  for (const auto prompt : live) sizes.push_back(prompt_sizes_[static_cast<std::size_t>(prompt)]);
  const auto longest = *std::ranges::max_element(sizes);
  const auto kept = indices(live);
  for (auto& layer : prompts_) {
    layer = {layer.k.narrow(1, 0, longest).index_select(0, kept),
             layer.v.narrow(1, 0, longest).index_select(0, kept)};
  }
  prompt_sizes_ = std::move(sizes);
  for (auto& prompt : prompt_of_row_)
    prompt = std::ranges::lower_bound(live, prompt) - live.begin();
}

at::Tensor DecodeCache::positions_B() const {
  std::vector<std::int64_t> positions;
  for (const auto prompt : prompt_of_row_) {
    positions.push_back(prompt_sizes_[static_cast<std::size_t>(prompt)] + own_tokens_);
  }
  return indices(positions);
}

}  // namespace alarm_dist
