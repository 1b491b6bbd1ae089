// SPDX-License-Identifier: Apache-2.0
// Shape letters: N rows (tokens) of the batch, D hidden size, B sequences of a block, L their
// length, H heads, S head size.
#include "model/encoder_network.hpp"

#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace alarm_dist {

at::Tensor EncoderNetwork::embed(const at::Tensor& tokens_N, const at::Tensor& types_N,
                                 const at::Tensor& positions_N) const {
  const auto words_ND = at::embedding(weights_.get("embeddings.word_embeddings.weight"), tokens_N);
  const auto types_ND =
      at::embedding(weights_.get("embeddings.token_type_embeddings.weight"), types_N);
  const auto positions_ND =
      at::embedding(weights_.get("embeddings.position_embeddings.weight"), positions_N);
  return norm("embeddings.LayerNorm", words_ND + types_ND + positions_ND);
}

at::Tensor EncoderNetwork::run(at::Tensor states_ND, const EncoderLayout& layout) const {
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const auto layer = fmt::format("encoder.layer.{}.", i);
    const auto context_ND =
        linear(layer + "attention.output.dense", attend(layer, states_ND, layout));
    states_ND = norm(layer + "attention.output.LayerNorm", context_ND + states_ND);
    const auto inner = at::gelu(linear(layer + "intermediate.dense", states_ND));
    states_ND = norm(layer + "output.LayerNorm", linear(layer + "output.dense", inner) + states_ND);
  }
  return states_ND;
}

at::Tensor EncoderNetwork::attend(const std::string& layer, const at::Tensor& states_ND,
                                  const EncoderLayout& layout) const {
  const auto query_ND = linear(layer + "attention.self.query", states_ND);
  const auto key_ND = linear(layer + "attention.self.key", states_ND);
  const auto value_ND = linear(layer + "attention.self.value", states_ND);
  std::vector<at::Tensor> contexts;
  for (const auto& block : layout.blocks()) {
    const auto heads_BHLS = [&](const at::Tensor& rows_ND) {
      const auto head_size = config_.hidden / config_.heads;
      return rows_ND.narrow(0, block.begin, block.rows())
          .view({block.count, block.length, config_.heads, head_size})
          .transpose(1, 2);
    };
    const auto context_BHLS = at::scaled_dot_product_attention(
        heads_BHLS(query_ND), heads_BHLS(key_ND), heads_BHLS(value_ND));
    contexts.push_back(context_BHLS.transpose(1, 2).reshape({block.rows(), config_.hidden}));
  }
  return contexts.size() == 1 ? contexts.front() : at::cat(contexts);
}

at::Tensor EncoderNetwork::score(const at::Tensor& states_ND, const at::Tensor& pooling_BN) const {
  const auto type = pooling_BN.scalar_type();
  const auto head = [&](const char* name) {
    return weights_.master(name).to(states_ND.device(), type);
  };
  const auto means_BD = at::matmul(pooling_BN, states_ND.to(type));
  return at::linear(means_BD, head("score.weight"), head("score.bias")).squeeze(1);
}

at::Tensor EncoderNetwork::linear(const std::string& name, const at::Tensor& input_ND) const {
  return at::linear(input_ND, weights_.get(name + ".weight"), weights_.get(name + ".bias"));
}

at::Tensor EncoderNetwork::norm(const std::string& name, const at::Tensor& input_ND) const {
  return at::layer_norm(input_ND, {config_.hidden}, weights_.get(name + ".weight"),
                        weights_.get(name + ".bias"), config_.norm_epsilon);
}

}  // namespace alarm_dist
