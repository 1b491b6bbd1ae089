// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/causal_lm.hpp"

#include <memory>

#include <c10/core/InferenceMode.h>

#include "alarm/base/error.hpp"

#include "model/cached_decoder.hpp"
#include "model/config_file.hpp"
#include "model/decoder_network.hpp"
#include "model/families.hpp"
#include "model/network_lm.hpp"
#include "model/t5_config.hpp"
#include "model/t5_model.hpp"

namespace alarm_dist {
namespace {

class DecoderModel final : public NetworkLm<DecoderNetwork, DecoderSpec> {
 public:
  DecoderModel(const std::filesystem::path& dir, const CausalLmOptions& options)
      : NetworkLm(dir, read_decoder_spec(dir), options) {
    if (options.trained == Trained::kWeights) head_VD(Adapter::kOff);  // throws without one
  }

  at::Tensor hidden(const RaggedBatch& batch, Adapter adapter) const override {
    check(batch);
    const auto network = this->network(adapter);
    const auto passes = network->passes(batch);
    return network->hidden(batch.tokens_N(device()), batch.positions_N(device()),
                           network->adapters(adapter),
                           [&](std::int64_t layer, const at::Tensor& qkv_NSE) {
                             return ragged_attention(qkv_NSE, network->heads(),
                                                     passes[static_cast<std::size_t>(layer)]);
                           });
  }

  std::unique_ptr<Decoder> start_decoding(const DecodePlan& plan, Adapter adapter) const override {
    const c10::InferenceMode no_gradients;
    return make_cached_decoder(network(adapter), plan, adapter);
  }

  at::Tensor head_VD(Adapter adapter) const override {
    const auto network = this->network(Adapter::kOff);
    ALARM_CHECK(network->head_VD().defined(),
                "{}: the checkpoint has no head for the vocabulary (tensor '{}.weight'), only a "
                "reward model's",
                dir().string(), network->spec().names.head.front());
    return NetworkLm::head_VD(adapter);
  }

 private:
  PeftConfig peft_config() const override {
    return {.transposed_base = network(Adapter::kOff)->spec().layout == WeightLayout::kInputsFirst};
  }

  void check(const RaggedBatch& batch) const {
    check_tokens(batch.tokens);
    for (const Segment& segment : batch.segments) {
      ALARM_CHECK(segment.position + segment.size() <= shape().context,
                  "a sequence of {} tokens exceeds the model's context of {}",
                  segment.position + segment.size(), shape().context);
    }
  }
};

}  // namespace

void check_tokenizer_fits(const CausalLmShape& shape, std::int64_t id_limit,
                          const std::string& tokenizer) {
  ALARM_CHECK(id_limit <= shape.vocabulary,
              "{}: the tokenizer has ids up to {}, the model an embedding of {} rows", tokenizer,
              id_limit - 1, shape.vocabulary);
}

std::unique_ptr<CausalLm> CausalLm::load(const std::filesystem::path& dir,
                                         const CausalLmOptions& options) {
  if (is_t5(ConfigFile(dir / "config.json").text_or("model_type", "")))
    return load_t5(dir, options);
  return std::make_unique<DecoderModel>(dir, options);
}

}  // namespace alarm_dist
