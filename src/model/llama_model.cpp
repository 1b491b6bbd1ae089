// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>

#include "alarm/base/error.hpp"
#include "alarm/model/causal_lm.hpp"

#include "model/llama_decoder.hpp"
#include "model/llama_network.hpp"
#include "model/model_files.hpp"

namespace alarm_dist {
namespace {

class LlamaModel final : public CausalLm {
 public:
  LlamaModel(std::filesystem::path dir, const LlamaConfig& config, const TensorFile& file,
             const CausalLmOptions& options)
      : dir_(std::move(dir)), network_(config, file, options), shape_(config.shape) {
    shape_.parameters = network_.parameters();
  }

  const CausalLmShape& shape() const override { return shape_; }
  at::ScalarType dtype() const override { return network_.options().dtype().toScalarType(); }
  c10::Device device() const override { return network_.options().device(); }

  at::Tensor hidden(const RaggedBatch& batch, Adapter adapter) const override {
    check(batch);
    const auto pass = std::make_shared<const RaggedPass>(
        RaggedPass{make_attention_plan(batch, network_.options()),
                   rotary_angles(batch.positions_N(device()), shape_.head_size,
                                 network_.config().rope_theta, dtype())});
    return network_.hidden(batch.tokens_N(device()), network_.adapters(adapter),
                           [&](std::int64_t, const at::Tensor& qkv_NSE) {
                             return ragged_attention(qkv_NSE, network_.heads(), pass);
                           });
  }

  std::unique_ptr<Decoder> start_decoding(const DecodePlan& plan, Adapter adapter) const override {
    const c10::InferenceMode no_gradients;
    return make_llama_decoder(network_, plan, adapter);
  }

  at::Tensor logits(const at::Tensor& hidden_MD) const override {
    const auto product = at::linear(hidden_MD, network_.head_VD());
    return dtype() == at::kDouble ? product : product.to(at::kFloat);
  }
  const at::Tensor& head_VD() const override { return network_.head_VD(); }

  NamedTensors trainable() const override { return network_.trainable(); }
  NamedTensors merged_weights() const override { return network_.merged(); }

  void save(const std::filesystem::path& dir) const override {
    std::filesystem::create_directories(dir);
    copy_model_files(dir_, dir);
    write_safetensors(dir / "model.safetensors", merged_weights(), {{"format", "pt"}});
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
  LlamaNetwork network_;
  CausalLmShape shape_;
};

}  // namespace

std::unique_ptr<CausalLm> CausalLm::load(const std::filesystem::path& dir,
                                         const CausalLmOptions& options) {
  const auto config = read_llama_config(dir);
  return std::make_unique<LlamaModel>(dir, config, TensorFile::open(dir), options);
}

}  // namespace alarm_dist
