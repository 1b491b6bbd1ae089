// SPDX-License-Identifier: Apache-2.0
#include "model/t5_decoder.hpp"

#include <utility>

#include <ATen/Functions.h>

#include "model/seq2seq_batch.hpp"
#include "model/t5_cache.hpp"
#include "model/t5_pass.hpp"

namespace alarm_dist {
namespace {

class T5Decoder final : public Decoder {
 public:
  T5Decoder(std::shared_ptr<const T5Network> network, const DecodePlan& plan, Adapter adapter)
      : network_(std::move(network)),
        adapters_(network_->adapters(adapter)),
        cache_(network_->config(), plan, network_->decoder_bias(), network_->options()) {
    compute_prompts(plan);
    const auto rows = static_cast<std::int64_t>(plan.prompt_of_row.size());
    advance(at::full({rows}, network_->config().start_token, network_->options().dtype(at::kLong)));
  }

  const at::Tensor& states_BD() const override { return states_BD_; }

  void advance(const at::Tensor& tokens_B) override {
    states_BD_ = network_->decode(
        tokens_B, adapters_,
        {.own = [&](std::int64_t layer,
                    const at::Tensor& qkv_BSE) { return cache_.attend_own(layer, qkv_BSE); },
         .prompts = [&](std::int64_t layer,
                        const at::Tensor& q_BHE) { return cache_.attend_prompts(layer, q_BHE); }});
    cache_.advance();
  }

  void keep(std::span<const std::int64_t> rows) override { cache_.keep(rows); }

 private:
  void compute_prompts(const DecodePlan& plan) {
    const auto batch = split_prompts(prompts_of(plan), network_->config().start_token);
    const auto encoded = encode_prompts(*network_, batch, adapters_);
    for (std::int64_t layer = 0; layer < network_->config().shape.layers; ++layer)
      cache_.store_prompts(layer, network_->prompt_keys_values(layer, encoded, adapters_));
  }

  std::shared_ptr<const T5Network> network_;
  T5Adapters adapters_;
  T5Cache cache_;
  at::Tensor states_BD_;
};

}  // namespace

std::unique_ptr<Decoder> make_t5_decoder(std::shared_ptr<const T5Network> network,
                                         const DecodePlan& plan, Adapter adapter) {
  return std::make_unique<T5Decoder>(std::move(network), plan, adapter);
}

}  // namespace alarm_dist
