// SPDX-License-Identifier: Apache-2.0
// LoRA adapters in PEFT's layout: adapter_config.json beside adapter_model.safetensors, with two
// tensors a module, "base_model.model.<module>.lora_A.weight" and "...lora_B.weight", as
// CausalLm::trainable calls them.
//
// Plain adapters of linear maps are read and written; those of reward models, which have a score
// head of their own, are read to be merged. What else PEFT can do (rank-stabilised or
// decomposed adapters, ranks by module, biases, modules trained whole) is refused by the name of
// its key: read as plain adapters such files would give other numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"
#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

struct PeftConfig {
  LoraConfig lora = {};
  std::string base_model = {};     // path or name of what is adapted; may be empty
  bool transposed_base = false;    // fan_in_fan_out: the base's weights are [in, out], as in GPT-2
  std::string task = "CAUSAL_LM";  // task_type
  bool score_head = false;         // trained whole, beside the adapter
};

// Throws Error naming the file, the key, what was expected and what was found.
PeftConfig read_peft_config(const std::filesystem::path& dir);

// Copies the values of an adapter into a model's, which has the configuration `own`: all of them,
// or none and an Error. Names and shapes must be the same, and so must alpha.
void load_peft_adapter(const std::filesystem::path& dir, const LoraConfig& own,
                       const NamedTensors& trainable);

// A model with an adapter on it, trained or used as any other: options.adapter comes from its file.
std::unique_ptr<CausalLm> load_with_adapter(const std::filesystem::path& model,
                                            CausalLmOptions options,
                                            const std::filesystem::path& adapter);

// Makes the folder where there is none.
void save_peft_adapter(const std::filesystem::path& dir, const NamedTensors& trainable,
                       const PeftConfig& config);

// What an adapter adds to one weight; as small as the adapter until value() is asked for.
struct PeftChange {
  at::Tensor a_RI, b_OR;
  double scale = 1;
  bool transposed = false;  // the base stores [in, out]

  std::vector<std::int64_t> shape() const;      // of the weight as the base stores it
  at::Tensor value(at::ScalarType type) const;  // computed in the type
};

// By the names of the weights: "model.layers.0.self_attn.q_proj.weight".
std::map<std::string, PeftChange> peft_changes(const std::filesystem::path& dir);

// The score head that comes with a reward model's adapter ("score.weight"), or nothing.
NamedTensors peft_score_head(const std::filesystem::path& dir);

}  // namespace alarm_dist
