// SPDX-License-Identifier: Apache-2.0
#include "model/t5_pass.hpp"

#include <ATen/Functions.h>

#include "model/t5_tiles.hpp"

namespace alarm_dist {
namespace {

// Stacked heads attend by tiles; keys and values follow the queries.
at::Tensor attend_own(const T5Config& config, const at::Tensor& qkv_NSE, const SharedTiles& tiles) {
  const auto heads = config.shape.heads;
  const auto parts = qkv_NSE.split_with_sizes({heads, 2 * heads}, 1);
  return biased_attention(parts[0], parts[1], tiles);
}

at::Tensor decode(const T5Network& network, const Seq2SeqBatch& batch, const at::Tensor& encoded_MD,
                  const T5Adapters& adapters) {
  const auto own = decoder_tiles(batch, network.decoder_bias());
  const auto prompts = cross_tiles(batch);
  const T5Attention attention{
      .own = [&](std::int64_t,
                 const at::Tensor& qkv_NSE) { return attend_own(network.config(), qkv_NSE, own); },
      .prompts =
          [&](std::int64_t layer, const at::Tensor& q_NHE) {
            return biased_attention(q_NHE, network.prompt_keys_values(layer, encoded_MD, adapters),
                                    prompts);
          }};
  const auto tokens = batch.decoder.tokens_N(network.options().device());
  return network.decode(tokens, adapters, attention);
}

}  // namespace

at::Tensor encode_prompts(const T5Network& network, const Seq2SeqBatch& batch,
                          const T5Adapters& adapters) {
  const auto tiles = encoder_tiles(batch, network.encoder_bias());
  const T5Attention attention{.own =
                                  [&](std::int64_t, const at::Tensor& qkv_NSE) {
                                    return attend_own(network.config(), qkv_NSE, tiles);
                                  },
                              .prompts = {}};
  const auto tokens = batch.encoder.tokens_N(network.options().device());
  return network.encode(tokens, adapters, attention);
}

at::Tensor ragged_states(const T5Network& network, const RaggedBatch& batch,
                         const T5Adapters& adapters) {
  const auto split = split_prompts(batch, network.config().start_token);
  const auto encoded = encode_prompts(network, split, adapters);
  const auto decoded = decode(network, split, encoded, adapters);
  const auto rows =
      at::tensor(split.row_of, at::TensorOptions(at::kLong)).to(network.options().device());
  return at::cat({encoded, decoded}).index_select(0, rows);
}

}  // namespace alarm_dist
