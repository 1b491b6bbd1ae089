// SPDX-License-Identifier: Apache-2.0
#include "model/t5_model.hpp"

#include <utility>

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>

#include "alarm/base/error.hpp"
#include "alarm/model/peft_adapter.hpp"

#include "model/model_files.hpp"
#include "model/t5_decoder.hpp"
#include "model/t5_network.hpp"
#include "model/t5_pass.hpp"

namespace alarm_dist {
namespace {

class T5Model final : public CausalLm {
 public:
  T5Model(std::filesystem::path dir, const T5Config& config, const TensorFile& file,
          const CausalLmOptions& options)
      : dir_(std::move(dir)),
        lora_(options.adapter),
        network_(config, file, options),
        shape_(config.shape) {
    shape_.parameters = network_.parameters();
  }

  const CausalLmShape& shape() const override { return shape_; }
  at::ScalarType dtype() const override { return network_.options().dtype().toScalarType(); }
  c10::Device device() const override { return network_.options().device(); }

  at::Tensor hidden(const RaggedBatch& batch, Adapter adapter) const override {
    check_tokens(batch.tokens);
    return ragged_states(network_, batch, network_.adapters(adapter));
  }

  std::unique_ptr<Decoder> start_decoding(const DecodePlan& plan, Adapter adapter) const override {
    const c10::InferenceMode no_gradients;
    return make_t5_decoder(network_, plan, adapter);
  }

  at::Tensor logits(const at::Tensor& hidden_MD) const override {
    const auto product = at::linear(hidden_MD, network_.head_VD());
    return dtype() == at::kDouble ? product : product.to(at::kFloat);
  }
  const at::Tensor& head_VD() const override { return network_.head_VD(); }

  NamedTensors trainable() const override { return network_.trainable(); }
  NamedTensors merged_weights() const override { return network_.merged(); }

  void save(const std::filesystem::path& dir) const override {
    write_model_directory(dir_, merged_weights(), dir);
  }
  void save_adapter(const std::filesystem::path& dir) const override {
    save_peft_adapter(dir, trainable(),
                      {.lora = lora_,
                       .base_model = std::filesystem::absolute(dir_).string(),
                       .task = "SEQ_2_SEQ_LM"});
  }

 private:
  void check_tokens(const std::vector<std::int64_t>& tokens) const {
    ALARM_CHECK(!tokens.empty(), "a batch without tokens has no hidden states");
    for (const auto token : tokens) {
      ALARM_CHECK(token >= 0 && token < shape_.vocabulary,
                  "token id {} is outside the vocabulary of {}", token, shape_.vocabulary);
    }
  }

  std::filesystem::path dir_;
  LoraConfig lora_;
  T5Network network_;
  CausalLmShape shape_;
};

}  // namespace

std::unique_ptr<CausalLm> load_t5(const std::filesystem::path& dir,
                                  const CausalLmOptions& options) {
  return std::make_unique<T5Model>(dir, read_t5_config(dir), TensorFile::open(dir), options);
}

}  // namespace alarm_dist
