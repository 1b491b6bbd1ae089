// SPDX-License-Identifier: Apache-2.0
// Names and words of PEFT's layout.
#pragma once

#include <optional>
#include <string>

#include "alarm/model/peft_adapter.hpp"

namespace alarm_dist {

inline constexpr const char* kPeftConfig = "adapter_config.json";
inline constexpr const char* kPeftTensors = "adapter_model.safetensors";
inline constexpr const char* kPeftPrefix = "base_model.model.";
inline constexpr const char* kPeftA = ".lora_A.weight";
inline constexpr const char* kPeftB = ".lora_B.weight";

// "base_model.model.h.0.attn.lora_A.weight" -> "h.0.attn"; nothing if the name is of another form.
std::optional<std::string> peft_module(const std::string& tensor);

// "base_model.model.score.weight" -> "score.weight"; nothing for what is no tensor of a score head.
std::optional<std::string> peft_score_tensor(const std::string& tensor);

std::string peft_config_text(const PeftConfig& config, const NamedTensors& trainable);

}  // namespace alarm_dist
