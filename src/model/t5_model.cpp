// SPDX-License-Identifier: Apache-2.0
#include "model/t5_model.hpp"

#include <c10/core/InferenceMode.h>

#include "model/network_lm.hpp"
#include "model/t5_decoder.hpp"
#include "model/t5_network.hpp"
#include "model/t5_pass.hpp"

namespace alarm_dist {
namespace {

class T5Model final : public NetworkLm<T5Network, T5Config> {
 public:
  T5Model(const std::filesystem::path& dir, const CausalLmOptions& options)
      : NetworkLm(dir, read_t5_config(dir), options) {}

  at::Tensor hidden(const RaggedBatch& batch, Adapter adapter) const override {
    check_tokens(batch.tokens);
    const auto network = this->network(adapter);
    return ragged_states(*network, batch, network->adapters(adapter));
  }

  std::unique_ptr<Decoder> start_decoding(const DecodePlan& plan, Adapter adapter) const override {
    const c10::InferenceMode no_gradients;
    return make_t5_decoder(network(adapter), plan, adapter);
  }

 private:
  PeftConfig peft_config() const override { return {.task = "SEQ_2_SEQ_LM"}; }
};

}  // namespace

std::unique_ptr<CausalLm> load_t5(const std::filesystem::path& dir,
                                  const CausalLmOptions& options) {
  return std::make_unique<T5Model>(dir, options);
}

}  // namespace alarm_dist
