// SPDX-License-Identifier: Apache-2.0
// The families: each reads config.json into a spec, with Transformers' defaults for absent keys,
// and names its tensors. What a config asks for and the network does not have is an Error.
#pragma once

#include <string_view>

#include "model/config_file.hpp"
#include "model/decoder_spec.hpp"

namespace alarm_dist {

DecoderSpec read_llama(const ConfigFile& config);
DecoderSpec read_mistral(const ConfigFile& config);
DecoderSpec read_qwen2(const ConfigFile& config);
DecoderSpec read_qwen3(const ConfigFile& config);
DecoderSpec read_gpt2(const ConfigFile& config);
DecoderSpec read_gpt_neox(const ConfigFile& config);

// Names, sizes and norms that Llama, Mistral and Qwen have in common; no biases, no windows.
DecoderSpec read_llama_like(const ConfigFile& config);
// Of Qwen's configs: which layers have a window.
void read_window_layers(const ConfigFile& config, DecoderSpec& spec);

// What turns of a head, where the config does not say it.
struct RopeDefaults {
  double theta = 10000;
  double share = 1;
};
// Reads rope_parameters, rope_scaling and rope_theta; needs the head size. Dynamic and linear
// scaling stretch spec.shape.context by their factor.
void read_rope(const ConfigFile& config, const RopeDefaults& defaults, DecoderSpec& spec);

Activation read_activation(const ConfigFile& config, std::string_view key,
                           std::string_view fallback);

}  // namespace alarm_dist
