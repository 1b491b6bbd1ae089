// SPDX-License-Identifier: Apache-2.0
#include "model/cached_decoder.hpp"

#include <utility>

#include <ATen/Functions.h>

#include "model/decode_cache.hpp"

namespace alarm_dist {
namespace {

CacheShape cache_shape(const DecoderNetwork& network) {
  const auto& spec = network.spec();
  return {spec.shape.layers, network.heads(), spec.shape.head_size, spec.window, spec.windowed};
}

class CachedDecoder final : public Decoder {
 public:
  CachedDecoder(std::shared_ptr<const DecoderNetwork> network, const DecodePlan& plan,
                Adapter adapter)
      : network_(std::move(network)),
        adapters_(network_->adapters(adapter)),
        cache_(cache_shape(*network_), plan, network_->options()) {
    compute_prompts(plan);
  }

  const at::Tensor& states_BD() const override { return states_BD_; }

  void advance(const at::Tensor& tokens_B) override {
    const auto positions_B = cache_.positions_B();
    const auto angles = network_->angles(positions_B);
    states_BD_ = network_->hidden(
        tokens_B, positions_B, adapters_, [&](std::int64_t layer, const at::Tensor& qkv_BSE) {
          return cache_.attend(layer, rotate_heads(qkv_BSE, angles, rotated_heads()));
        });
    cache_.advance();
  }

  void keep(std::span<const std::int64_t> rows) override { cache_.keep(rows); }

 private:
  std::int64_t rotated_heads() const { return network_->heads().queries + network_->heads().keys; }

  void compute_prompts(const DecodePlan& plan) {
    const RaggedBatch batch = prompts_of(plan);
    std::vector<std::int64_t> last_row;
    for (const auto prompt : plan.prompt_of_row)
      last_row.push_back(batch.segments.at(static_cast<std::size_t>(prompt)).end - 1);
    const auto device = network_->options().device();
    const auto passes = network_->passes(batch);
    const auto hidden =
        network_->hidden(batch.tokens_N(device), batch.positions_N(device), adapters_,
                         [&](std::int64_t layer, const at::Tensor& qkv_NSE) {
                           const RaggedPass& pass = *passes[static_cast<std::size_t>(layer)];
                           const auto rotated = rotate_heads(qkv_NSE, pass.angles, rotated_heads());
                           cache_.store_prompts(layer, rotated);
                           return attend_rows(rotated, network_->heads(), pass.plan);
                         });
    states_BD_ =
        hidden.index_select(0, at::tensor(last_row, at::TensorOptions(at::kLong)).to(device));
  }

  std::shared_ptr<const DecoderNetwork> network_;
  NetworkAdapters adapters_;
  DecodeCache cache_;
  at::Tensor states_BD_;
};

}  // namespace

std::unique_ptr<Decoder> make_cached_decoder(std::shared_ptr<const DecoderNetwork> network,
                                             const DecodePlan& plan, Adapter adapter) {
  return std::make_unique<CachedDecoder>(std::move(network), plan, adapter);
}

}  // namespace alarm_dist
