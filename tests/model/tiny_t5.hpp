// SPDX-License-Identifier: Apache-2.0
// The random models of tests/golden/make_t5.py and what Transformers computed with them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist::testing {

using Tokens = std::vector<std::int64_t>;

enum class T5Lora { kOff, kGolden };  // the golden adapter has rank 2, alpha 4

// One of "tiny_t5" (tied, relu), "tiny_t5_v1_1" (untied, gated, fewer decoder layers), "tiny_mt5".
class TinyT5 {
 public:
  explicit TinyT5(std::string name);

  static constexpr std::size_t kPrompts = 3;

  std::filesystem::path dir() const;
  std::unique_ptr<CausalLm> load(at::ScalarType dtype, T5Lora lora) const;
  // From another directory, with the golden adapter.
  std::unique_ptr<CausalLm> load_adapted(const std::filesystem::path& dir,
                                         at::ScalarType dtype) const;
  at::Tensor golden(const std::string& key) const;
  Tokens tokens(const std::string& key) const;
  Tokens prompt(std::size_t i) const { return tokens("prompt." + std::to_string(i)); }
  std::vector<Tokens> responses(std::size_t prompt) const;

 private:
  std::string name_;
  TensorFile golden_;
};

// Logits that predict the tokens of a response, as Transformers' labels give them.
at::Tensor label_logits(const CausalLm& model, const Tokens& prompt, const Tokens& response,
                        Adapter adapter = Adapter::kOn);

at::Tensor t5_buckets(const std::string& key);

}  // namespace alarm_dist::testing
