// SPDX-License-Identifier: Apache-2.0
// What decoder-only models and encoder-decoders answer alike: everything about weights, adapters
// and logits. How a batch goes through the network is left to the derived class.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include <ATen/Functions.h>

#include "alarm/base/error.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/model/peft_adapter.hpp"

#include "model/model_files.hpp"
#include "model/weight_sources.hpp"

namespace alarm_dist {

template <class Network>
class NetworkLm : public CausalLm {
 public:
  const CausalLmShape& shape() const override { return shape_; }
  at::ScalarType dtype() const override { return network_.options().dtype().toScalarType(); }
  c10::Device device() const override { return network_.options().device(); }

  at::Tensor logits(const at::Tensor& hidden_MD) const override {
    const auto product = at::linear(hidden_MD, head_VD());
    return dtype() == at::kDouble ? product : product.to(at::kFloat);
  }

  NamedTensors trainable() const override { return network_.trainable(); }
  NamedTensors merged_weights() const override { return made(network_.merged()); }

  void save(const std::filesystem::path& dir) const override {
    write_model_directory(dir_, network_.merged(), dir);
  }
  void save_adapter(const std::filesystem::path& dir) const override {
    auto config = peft_config();
    config.lora = lora_;
    config.base_model = std::filesystem::absolute(dir_).string();
    save_peft_adapter(dir, trainable(), config);
  }

 protected:
  template <class Spec>
  NetworkLm(std::filesystem::path dir, const Spec& spec, const CausalLmOptions& options)
      : dir_(std::move(dir)),
        lora_(options.adapter),
        network_(spec, TensorFile::open(dir_), options),
        shape_(spec.shape) {
    shape_.parameters = network_.parameters();
  }

  const std::filesystem::path& dir() const { return dir_; }
  const Network& network() const { return network_; }

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
  std::filesystem::path dir_;
  LoraConfig lora_;
  Network network_;
  CausalLmShape shape_;
};

}  // namespace alarm_dist
