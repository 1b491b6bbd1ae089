// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/causal_lm.hpp"

#include <memory>
#include <utility>

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>

#include "alarm/base/error.hpp"
#include "alarm/model/peft_adapter.hpp"

#include "model/cached_decoder.hpp"
#include "model/config_file.hpp"
#include "model/decoder_network.hpp"
#include "model/families.hpp"
#include "model/model_files.hpp"
#include "model/t5_config.hpp"
#include "model/t5_model.hpp"

namespace alarm_dist {
namespace {

class DecoderModel final : public CausalLm {
 public:
  DecoderModel(std::filesystem::path dir, const DecoderSpec& spec, const TensorFile& file,
               const CausalLmOptions& options)
      : dir_(std::move(dir)),
        lora_(options.adapter),
        network_(spec, file, options),
        shape_(spec.shape) {
    shape_.parameters = network_.parameters();
  }

  const CausalLmShape& shape() const override { return shape_; }
  at::ScalarType dtype() const override { return network_.options().dtype().toScalarType(); }
  c10::Device device() const override { return network_.options().device(); }

  at::Tensor hidden(const RaggedBatch& batch, Adapter adapter) const override {
    check(batch);
    const auto passes = network_.passes(batch);
    return network_.hidden(batch.tokens_N(device()), batch.positions_N(device()),
                           network_.adapters(adapter),
                           [&](std::int64_t layer, const at::Tensor& qkv_NSE) {
                             return ragged_attention(qkv_NSE, network_.heads(),
                                                     passes[static_cast<std::size_t>(layer)]);
                           });
  }

  std::unique_ptr<Decoder> start_decoding(const DecodePlan& plan, Adapter adapter) const override {
    const c10::InferenceMode no_gradients;
    return make_cached_decoder(network_, plan, adapter);
  }

  at::Tensor logits(const at::Tensor& hidden_MD) const override {
    const auto product = at::linear(hidden_MD, head_VD());
    return dtype() == at::kDouble ? product : product.to(at::kFloat);
  }
  const at::Tensor& head_VD() const override {
    ALARM_CHECK(network_.head_VD().defined(),
                "{}: the checkpoint has no head for the vocabulary (tensor '{}.weight'), only a "
                "reward model's",
                dir_.string(), network_.spec().names.head.front());
    return network_.head_VD();
  }

  NamedTensors trainable() const override { return network_.trainable(); }
  NamedTensors merged_weights() const override { return network_.merged(); }

  void save(const std::filesystem::path& dir) const override {
    write_model_directory(dir_, merged_weights(), dir);
  }
  void save_adapter(const std::filesystem::path& dir) const override {
    save_peft_adapter(dir, trainable(),
                      {.lora = lora_,
                       .base_model = std::filesystem::absolute(dir_).string(),
                       .transposed_base = network_.spec().layout == WeightLayout::kInputsFirst});
  }

 private:
  void check(const RaggedBatch& batch) const {
    ALARM_CHECK(batch.rows() > 0, "a batch without tokens has no hidden states");
    for (const auto token : batch.tokens) {
      ALARM_CHECK(token >= 0 && token < shape_.vocabulary,
                  "token id {} is outside the vocabulary of {}", token, shape_.vocabulary);
    }
    for (const Segment& segment : batch.segments) {
      ALARM_CHECK(segment.position + segment.size() <= shape_.context,
                  "a sequence of {} tokens exceeds the model's context of {}",
                  segment.position + segment.size(), shape_.context);
    }
  }

  std::filesystem::path dir_;
  LoraConfig lora_;
  DecoderNetwork network_;
  CausalLmShape shape_;
};

}  // namespace

std::unique_ptr<CausalLm> CausalLm::load(const std::filesystem::path& dir,
                                         const CausalLmOptions& options) {
  if (is_t5(ConfigFile(dir / "config.json").text_or("model_type", "")))
    return load_t5(dir, options);
  const auto spec = read_decoder_spec(dir);
  return std::make_unique<DecoderModel>(dir, spec, TensorFile::open(dir), options);
}

}  // namespace alarm_dist
