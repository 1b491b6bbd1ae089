// SPDX-License-Identifier: Apache-2.0
#include "model/decode_cache.hpp"

#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "model/attention_kernel.hpp"

namespace alarm_dist {
namespace {

KeyShape key_shape(const CacheShape& shape) {
  return {.layers = shape.layers, .heads = shape.heads.keys, .head_size = shape.head_size};
}

at::Tensor on_device(const std::vector<std::int64_t>& values, c10::Device device) {
  return at::tensor(values, at::TensorOptions(at::kLong)).to(device);
}

}  // namespace

DecodeCache::DecodeCache(const CacheShape& shape, const DecodePlan& plan,
                         const at::TensorOptions& options)
    : shape_(shape),
      options_(options),
      prompts_(key_shape(shape), plan, options),
      own_(key_shape(shape), static_cast<std::int64_t>(plan.prompt_of_row.size()),
           plan.max_new_tokens, options) {
  update_views();
}

// What changes with the live rows alone is kept between tokens.
void DecodeCache::update_views() {
  prompt_sizes_B_ = on_device(prompts_.rows().sizes_by_row(), options_.device());
  whole_ = {.prompt_mask = prompts_.rows().mask()};
  windowed_ = windowed_view();
}

void DecodeCache::advance() {
  own_.advance();
  windowed_ = windowed_view();
}

// Rows have equally many tokens of their own, so the window leaves the prompts of all at once.
DecodeCache::View DecodeCache::windowed_view() const {
  const auto& rows = prompts_.rows();
  if (shape_.windowed.empty() || rows.longest() + own_.tokens() < shape_.window) return whole_;
  const auto passed = own_.tokens() + 1 - shape_.window;  // of a prompt without tokens
  if (passed >= 0) return {.prompt_mask = {}, .sees_prompts = false, .first_own = passed};
  const auto sizes_G1 = on_device(rows.sizes(), options_.device()).unsqueeze(1);
  const auto places_P = at::arange(rows.longest(), options_.dtype(at::kLong));
  return {.prompt_mask = hiding_mask(
              (places_P >= sizes_G1).logical_or_(places_P < sizes_G1 + passed), options_)};
}

const DecodeCache::View& DecodeCache::view(std::int64_t layer) const {
  const bool windowed =
      !shape_.windowed.empty() && shape_.windowed[static_cast<std::size_t>(layer)];
  return windowed ? windowed_ : whole_;
}

void DecodeCache::store_prompts(std::int64_t layer, const at::Tensor& rotated_NSE) {
  const auto qkv = split_heads(rotated_NSE, shape_.heads);
  prompts_.store(layer, {qkv.k_NKE, qkv.v_NKE});
}

// All queries of a prompt go against its keys in one product: the rows' and a key head's query
// heads are its rows.
DecodeCache::Partial DecodeCache::attend_prompts(std::int64_t layer,
                                                 const at::Tensor& q_BHE) const {
  const auto& rows = prompts_.rows();
  const auto kept = prompts_.at(layer);
  const auto kv_heads = shape_.heads.keys, shared = shape_.heads.queries / kv_heads;
  const auto queries =
      rows.by_prompt(q_BHE.unflatten(1, {kv_heads, shared})).transpose(1, 2).flatten(2, 3);
  const auto found = attention_forward(
      {.q_BHnE = queries, .k_BKmE = kept.k, .v_BKmE = kept.v, .mask = view(layer).prompt_mask});
  const auto by_row = [&](const at::Tensor& x) {
    return rows.by_row(x.unflatten(2, {-1, shared}).transpose(1, 2));
  };
  return {by_row(found.out_BHnE), by_row(found.lse_BHn)};
}

DecodeCache::Partial DecodeCache::attend_own(std::int64_t layer, const at::Tensor& q_BHE) const {
  const auto seen = own_.from(view(layer).first_own, layer);
  const auto found = attention_forward({.q_BHnE = q_BHE.unflatten(1, {shape_.heads.keys, -1}),
                                        .k_BKmE = seen.k,
                                        .v_BKmE = seen.v,
                                        .mask = {}});
  return {found.out_BHnE, found.lse_BHn};
}

at::Tensor DecodeCache::attend(std::int64_t layer, const at::Tensor& rotated_BSE) {
  const auto qkv = split_heads(rotated_BSE, shape_.heads);
  own_.append(layer, {qkv.k_NKE, qkv.v_NKE});
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
  prompts_.keep(rows);
  own_.keep(rows);
  update_views();
}

at::Tensor DecodeCache::positions_B() const { return prompt_sizes_B_ + own_.tokens(); }

}  // namespace alarm_dist
