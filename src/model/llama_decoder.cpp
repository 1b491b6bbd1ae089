// SPDX-License-Identifier: Apache-2.0
#include "model/llama_decoder.hpp"

#include <utility>

#include <ATen/Functions.h>

#include "alarm/base/error.hpp"

#include "model/decode_cache.hpp"

namespace alarm_dist {
namespace {

class LlamaDecoder final : public Decoder {
 public:
  LlamaDecoder(const LlamaNetwork& network, const DecodePlan& plan, Adapter adapter)
      : network_(network),
        adapters_(network.adapters(adapter)),
        cache_({network.config().shape.layers, network.heads(), network.config().shape.head_size},
               plan, network.options()) {
    compute_prompts(plan);
  }

  const at::Tensor& states_BD() const override { return states_BD_; }

  void advance(const at::Tensor& tokens_B) override {
    const auto angles = angles_at(cache_.positions_B());
    states_BD_ =
        network_.hidden(tokens_B, adapters_, [&](std::int64_t layer, const at::Tensor& qkv_BSE) {
          return cache_.attend(layer, rotate_heads(qkv_BSE, angles, rotated_heads()));
        });
    cache_.advance();
  }

  void keep(std::span<const std::int64_t> rows) override { cache_.keep(rows); }

 private:
  std::int64_t rotated_heads() const { return network_.heads().queries + network_.heads().keys; }

  RotaryAngles angles_at(const at::Tensor& positions_N) const {
    const auto& config = network_.config();
    return rotary_angles(positions_N, config.shape.head_size, config.rope_theta,
                         network_.options().dtype().toScalarType());
  }

  void compute_prompts(const DecodePlan& plan) {
    RaggedBatch batch;
    std::vector<std::int64_t> last_row_of_prompt, last_row;
    for (const auto& prompt : plan.prompts) {
      ALARM_CHECK(!prompt.empty(), "a prompt without tokens cannot be continued");
      batch.add(prompt);
      last_row_of_prompt.push_back(batch.rows() - 1);
    }
    for (const auto prompt : plan.prompt_of_row) {
      last_row.push_back(last_row_of_prompt.at(static_cast<std::size_t>(prompt)));
    }
    const auto device = network_.options().device();
    const auto attention = make_attention_plan(batch, network_.options());
    const auto angles = angles_at(batch.positions_N(device));
    const auto hidden = network_.hidden(
        batch.tokens_N(device), adapters_, [&](std::int64_t layer, const at::Tensor& qkv_NSE) {
          const auto rotated = rotate_heads(qkv_NSE, angles, rotated_heads());
          cache_.store_prompts(layer, rotated);
          return attend_rows(rotated, network_.heads(), attention);
        });
    states_BD_ =
        hidden.index_select(0, at::tensor(last_row, at::TensorOptions(at::kLong)).to(device));
  }

  const LlamaNetwork& network_;
  NetworkAdapters adapters_;
  DecodeCache cache_;
  at::Tensor states_BD_;
};

}  // namespace

std::unique_ptr<Decoder> make_llama_decoder(const LlamaNetwork& network, const DecodePlan& plan,
                                            Adapter adapter) {
  return std::make_unique<LlamaDecoder>(network, plan, adapter);
}

}  // namespace alarm_dist
