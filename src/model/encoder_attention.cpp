// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_attention.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include "model/disentangled_attention.hpp"
#include "model/global_attention.hpp"

namespace alarm_dist {
namespace {

// Every token sees every token of its sequence.
class FullAttention final : public EncoderAttention {
 public:
  explicit FullAttention(const EncoderPass& pass) : pass_(pass) {}

  at::Tensor operator()(std::int64_t layer, const at::Tensor& states_ND) override {
    const auto [query_ND, key_ND, value_ND] =
        pass_.attention_inputs(self_attention_name(layer), "", states_ND);
    std::vector<at::Tensor> contexts;
    for (const auto& block : pass_.layout.blocks()) {
      contexts.push_back(pass_.rows_ND(at::scaled_dot_product_attention(
          pass_.heads_BHLE(query_ND, block), pass_.heads_BHLE(key_ND, block),
          pass_.heads_BHLE(value_ND, block))));
    }
    return join_blocks(contexts);
  }

 private:
  EncoderPass pass_;
};

}  // namespace

at::Tensor EncoderPass::linear(const std::string& name, const at::Tensor& input_ND) const {
  return at::linear(input_ND, weights.get(name + ".weight"), weights.get(name + ".bias"));
}

AttentionInputs EncoderPass::attention_inputs(const std::string& name, const std::string& suffix,
                                              const at::Tensor& states_ND) const {
  return {.query_ND = linear(name + "query" + suffix, states_ND),
          .key_ND = linear(name + "key" + suffix, states_ND),
          .value_ND = linear(name + "value" + suffix, states_ND)};
}

at::Tensor EncoderPass::norm(const std::string& name, const at::Tensor& input_ND) const {
  return at::layer_norm(input_ND, {config.hidden}, weights.get(name + ".weight"),
                        weights.get(name + ".bias"), config.norm_epsilon);
}

at::Tensor EncoderPass::heads_BHLE(const at::Tensor& rows_ND, const EncoderBlock& block) const {
  return rows_ND.narrow(0, block.begin, block.rows())
      .view({block.count, block.length, config.heads, config.hidden / config.heads})
      .transpose(1, 2);
}

at::Tensor EncoderPass::rows_ND(const at::Tensor& heads_BHLE) const {
  return heads_BHLE.transpose(1, 2).reshape({-1, config.hidden});
}

std::unique_ptr<EncoderAttention> make_encoder_attention(const EncoderPass& pass) {
  if (!pass.config.windows.empty()) return make_global_attention(pass);
  if (const auto& relative = pass.config.relative)
    return make_disentangled_attention(pass, *relative);
  return std::make_unique<FullAttention>(pass);
}

std::string self_attention_name(std::int64_t layer) {
  return fmt::format("encoder.layer.{}.attention.self.", layer);
}

at::Tensor join_blocks(const std::vector<at::Tensor>& blocks_ND) {
  return blocks_ND.size() == 1 ? blocks_ND.front() : at::cat(blocks_ND);
}

}  // namespace alarm_dist
