// SPDX-License-Identifier: Apache-2.0
// What decoder-only models and encoder-decoders answer alike: everything about weights, adapters
// and logits. How a batch goes through the network is left to the derived class.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/model/peft_adapter.hpp"

#include "model/checkpoint_names.hpp"
#include "model/model_files.hpp"
#include "model/trained_weights.hpp"
#include "model/weight_sources.hpp"

namespace alarm_dist {

// A network is made of tensors and does not know which of them are trained. Where all are, the one
// that is computed with is made anew for each pass, from the leaves rounded to the type of its
// activations; that costs some hundred small objects, and makes every weight differentiable without
// a word about it in the network.
template <class Network, class Spec>
class NetworkLm : public CausalLm {
 public:
  const CausalLmShape& shape() const override { return shape_; }
  at::ScalarType dtype() const override { return network_->options().dtype().toScalarType(); }
  c10::Device device() const override { return network_->options().device(); }

  at::Tensor logits(const at::Tensor& hidden_MD, Adapter adapter) const override {
    const auto product = at::linear(hidden_MD, head_VD(adapter));
    return dtype() == at::kDouble ? product : product.to(at::kFloat);
  }
  at::Tensor head_VD(Adapter adapter) const override {
    return trains(adapter) ? weights_.get(network_->head_name(), dtype()) : network_->head_VD();
  }

  Trained trained() const override { return trained_; }
  NamedTensors trainable() const override {
    return weights_.empty() ? network_->trainable() : weights_.leaves();
  }
  NamedTensors merged_weights() const override {
    const at::NoGradGuard constants;
    return made(network(Adapter::kOn)->merged());
  }

  void save(const std::filesystem::path& dir) const override {
    const at::NoGradGuard constants;
    const auto trained = network(Adapter::kOn);
    write_model_directory(dir_, trained->merged(), dir);
  }
  void save_adapter(const std::filesystem::path& dir) const override {
    ALARM_CHECK(trained_ == Trained::kAdapter, "{}: the model has no adapter to save",
                dir_.string());
    auto config = peft_config();
    config.lora = lora_;
    config.base_model = std::filesystem::absolute(dir_).string();
    save_peft_adapter(dir, trainable(), config);
  }

 protected:
  NetworkLm(std::filesystem::path dir, Spec spec, const CausalLmOptions& options)
      : dir_(std::move(dir)),
        spec_(std::move(spec)),
        trained_(options.trained),
        lora_(options.adapter),
        shape_(spec_.shape) {
    const auto file = TensorFile::open(dir_);
    network_ = std::make_shared<const Network>(spec_, file, options);
    check_tensor_names(dir_, file);
    shape_.parameters = network_->parameters();
    if (trained_ == Trained::kWeights) weights_ = TrainedWeights(network_->merged());
  }

  const std::filesystem::path& dir() const { return dir_; }
  std::shared_ptr<const Network> network(Adapter adapter) const {
    if (!trains(adapter)) return network_;
    const CausalLmOptions options{
        .dtype = dtype(), .device = device(), .trained = Trained::kNothing};
    return std::make_shared<const Network>(spec_, TensorFile::in_memory(weights_.leaves()),
                                           options);
  }

  // What an adapter's file says of this kind of model.
  virtual PeftConfig peft_config() const = 0;

  void check_tokens(const std::vector<std::int64_t>& tokens) const {
    ALARM_CHECK(!tokens.empty(), "a batch without tokens has no hidden states");
    for (const auto token : tokens) {
      ALARM_CHECK(token >= 0 && token < shape_.vocabulary,
                  "token id {} is outside the vocabulary of {}", token, shape_.vocabulary);
    }
  }

 private:
  // The pass is one of weights that are trained whole.
  bool trains(Adapter adapter) const { return adapter == Adapter::kOn && !weights_.empty(); }

  std::filesystem::path dir_;
  Spec spec_;
  Trained trained_;
  LoraConfig lora_;
  std::shared_ptr<const Network> network_;  // of the file
  TrainedWeights weights_;
  CausalLmShape shape_;
};

}  // namespace alarm_dist
