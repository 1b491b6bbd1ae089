// SPDX-License-Identifier: Apache-2.0
#include "model/t5_cache.hpp"

#include <ATen/Functions.h>

#include "model/attention_kernel.hpp"

namespace alarm_dist {
namespace {

constexpr double kUnscaled = 1.0;

KeyShape key_shape(const T5Config& config) {
  const auto& shape = config.shape;
  return {.layers = shape.layers, .heads = shape.heads, .head_size = shape.head_size};
}

at::Tensor last_row_bias(const RelativeBias& bias, std::int64_t capacity, c10::Device device) {
  const auto positions = at::arange(capacity, at::TensorOptions(at::kLong).device(device));
  return bias.between(positions.narrow(0, capacity - 1, 1), positions);
}

}  // namespace

T5Cache::T5Cache(const T5Config& config, const DecodePlan& plan, const RelativeBias& bias,
                 const at::TensorOptions& options)
    : heads_(config.shape.heads),
      capacity_(plan.max_new_tokens + 1),
      prompts_(key_shape(config), plan, options),
      own_(key_shape(config), static_cast<std::int64_t>(plan.prompt_of_row.size()), capacity_,
           options),
      bias_1H1T_(last_row_bias(bias, capacity_, options.device())) {}

void T5Cache::store_prompts(std::int64_t layer, const at::Tensor& kv_MSE) {
  prompts_.store(layer, {kv_MSE.narrow(1, 0, heads_), kv_MSE.narrow(1, heads_, heads_)});
}

at::Tensor T5Cache::attend_prompts(std::int64_t layer, const at::Tensor& q_BHE) const {
  const auto& rows = prompts_.rows();
  const auto kept = prompts_.at(layer);
  const auto found = attention_forward({.q_BHnE = rows.by_prompt(q_BHE).transpose(1, 2),
                                        .k_BKmE = kept.k,
                                        .v_BKmE = kept.v,
                                        .mask = rows.mask(),
                                        .scale = kUnscaled});
  return rows.by_row(found.out_BHnE.transpose(1, 2)).flatten(1);
}

at::Tensor T5Cache::attend_own(std::int64_t layer, const at::Tensor& qkv_BSE) {
  own_.append(layer, {qkv_BSE.narrow(1, heads_, heads_), qkv_BSE.narrow(1, 2 * heads_, heads_)});
  const auto seen = own_.from(0, layer);
  const auto tokens = seen.k.size(2);
  // The bias depends on the distance alone: that of an earlier query is the end of the last one's.
  const auto found = attention_forward({.q_BHnE = qkv_BSE.narrow(1, 0, heads_).unsqueeze(2),
                                        .k_BKmE = seen.k,
                                        .v_BKmE = seen.v,
                                        .mask = bias_1H1T_.narrow(3, capacity_ - tokens, tokens),
                                        .scale = kUnscaled});
  return found.out_BHnE.squeeze(2).flatten(1);
}

void T5Cache::keep(std::span<const std::int64_t> rows) {
  prompts_.keep(rows);
  own_.keep(rows);
}

}  // namespace alarm_dist
