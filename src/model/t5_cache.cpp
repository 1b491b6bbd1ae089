// SPDX-License-Identifier: Apache-2.0
#include "model/t5_cache.hpp"

#include <ATen/Functions.h>

#include "model/attention_kernel.hpp"

namespace alarm_dist {
namespace {

constexpr double kUnscaled = 1.0;

at::Tensor heads_first(const at::Tensor& x_BTHE) { return x_BTHE.transpose(1, 2); }

std::vector<std::int64_t> sizes_of(const std::vector<std::vector<std::int64_t>>& prompts) {
  std::vector<std::int64_t> sizes;
  for (const auto& prompt : prompts) sizes.push_back(static_cast<std::int64_t>(prompt.size()));
  return sizes;
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
      rows_(sizes_of(plan.prompts), plan.prompt_of_row, options),
      bias_1H1T_(last_row_bias(bias, capacity_, options.device())) {
  const auto prompts = static_cast<std::int64_t>(plan.prompts.size());
  const auto rows = static_cast<std::int64_t>(plan.prompt_of_row.size());
  const auto size = config.shape.head_size;
  for (std::int64_t layer = 0; layer < config.shape.layers; ++layer) {
    const auto of_prompts = [&] {
      return at::zeros({prompts, rows_.longest(), heads_, size}, options);
    };
    const auto of_rows = [&] { return at::empty({rows, capacity_, heads_, size}, options); };
    prompts_.push_back({of_prompts(), of_prompts()});
    own_.push_back({of_rows(), of_rows()});
  }
}

void T5Cache::store_prompts(std::int64_t layer, const at::Tensor& kv_MSE) {
  auto& kept = prompts_[static_cast<std::size_t>(layer)];
  std::int64_t begin = 0;
  for (std::size_t prompt = 0; prompt < rows_.sizes().size(); ++prompt) {
    const auto size = rows_.sizes()[prompt];
    const auto kv = kv_MSE.narrow(0, begin, size);
    const auto at = static_cast<std::int64_t>(prompt);
    kept.k.select(0, at).narrow(0, 0, size).copy_(kv.narrow(1, 0, heads_));
    kept.v.select(0, at).narrow(0, 0, size).copy_(kv.narrow(1, heads_, heads_));
    begin += size;
  }
}

at::Tensor T5Cache::attend_prompts(std::int64_t layer, const at::Tensor& q_BHE) const {
  const auto& kept = prompts_[static_cast<std::size_t>(layer)];
  const auto found = attention_forward({.q_BHnE = heads_first(rows_.by_prompt(q_BHE)),
                                        .k_BKmE = heads_first(kept.k),
                                        .v_BKmE = heads_first(kept.v),
                                        .mask = rows_.mask(),
                                        .scale = kUnscaled});
  return rows_.by_row(found.out_BHnE.transpose(1, 2)).flatten(1);
}

at::Tensor T5Cache::attend_own(std::int64_t layer, const at::Tensor& qkv_BSE) {
  auto& kept = own_[static_cast<std::size_t>(layer)];
  kept.k.select(1, tokens_).copy_(qkv_BSE.narrow(1, heads_, heads_));
  kept.v.select(1, tokens_).copy_(qkv_BSE.narrow(1, 2 * heads_, heads_));
  const auto seen = tokens_ + 1;
  // The bias depends on the distance alone: that of an earlier query is the end of the last one's.
  const auto found = attention_forward({.q_BHnE = qkv_BSE.narrow(1, 0, heads_).unsqueeze(2),
                                        .k_BKmE = heads_first(kept.k.narrow(1, 0, seen)),
                                        .v_BKmE = heads_first(kept.v.narrow(1, 0, seen)),
                                        .mask = bias_1H1T_.narrow(3, capacity_ - seen, seen),
                                        .scale = kUnscaled});
  return found.out_BHnE.squeeze(2).flatten(1);
}

void T5Cache::keep(std::span<const std::int64_t> rows) {
  const auto live =
      at::tensor(at::ArrayRef<std::int64_t>(rows.data(), rows.size()), at::TensorOptions(at::kLong))
          .to(bias_1H1T_.device());
  for (auto& layer : own_) layer = {layer.k.index_select(0, live), layer.v.index_select(0, live)};
  const auto kept = rows_.keep(rows);
  if (!kept) return;
  for (auto& layer : prompts_) {
    layer = {layer.k.narrow(1, 0, kept->longest).index_select(0, kept->indices),
             layer.v.narrow(1, 0, kept->longest).index_select(0, kept->indices)};
  }
}

}  // namespace alarm_dist
