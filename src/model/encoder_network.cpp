// SPDX-License-Identifier: Apache-2.0
// Shape letters: N rows (tokens) of the batch, M some states, D hidden size.
#include "model/encoder_network.hpp"

#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "model/encoder_attention.hpp"

namespace alarm_dist {

at::Tensor EncoderNetwork::embed(const at::Tensor& tokens_N, const at::Tensor& types_N,
                                 const at::Tensor& positions_N) const {
  const auto look_up = [&](const char* table, const at::Tensor& ids_N, std::int64_t untrained) {
    return at::embedding(weights_.get(fmt::format("embeddings.{}_embeddings.weight", table)), ids_N,
                         untrained);
  };
  constexpr std::int64_t kNone = -1;
  auto sum_ND = look_up("word", tokens_N, config_.pad_token);
  if (config_.types > 0) sum_ND = sum_ND + look_up("token_type", types_N, kNone);
  if (config_.absolute_positions) {
    const auto untrained = config_.positions_behind_padding ? config_.pad_token : kNone;
    sum_ND = sum_ND + look_up("position", positions_N, untrained);
  }
  return at::layer_norm(sum_ND, {config_.hidden}, weights_.get("embeddings.LayerNorm.weight"),
                        weights_.get("embeddings.LayerNorm.bias"), config_.norm_epsilon);
}

at::Tensor EncoderNetwork::run(at::Tensor states_ND, const EncoderLayout& layout) const {
  const EncoderPass pass{config_, weights_, layout};
  const auto attention = make_encoder_attention(pass);
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    const auto layer = fmt::format("encoder.layer.{}.", i);
    const auto context_ND =
        pass.linear(layer + "attention.output.dense", (*attention)(i, states_ND));
    states_ND = pass.norm(layer + "attention.output.LayerNorm", context_ND + states_ND);
    const auto inner =
        activate(pass.linear(layer + "intermediate.dense", states_ND), config_.activation);
    states_ND = pass.norm(layer + "output.LayerNorm",
                          pass.linear(layer + "output.dense", inner) + states_ND);
  }
  return states_ND;
}

at::Tensor EncoderNetwork::classify(const at::Tensor& states_MD) const {
  const auto type = states_MD.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const auto linear = [&](const std::string& name, const at::Tensor& x_MD) {
    const auto part = [&](const char* which) {
      return weights_.master(name + which).to(x_MD.device(), type);
    };
    return at::linear(x_MD, part(".weight"), part(".bias"));
  };
  auto features_MD = states_MD.to(type);
  if (!head_.dense.empty())
    features_MD = activate(linear(head_.dense, features_MD), head_.activation);
  return linear(head_.output, features_MD);
}

}  // namespace alarm_dist
