// SPDX-License-Identifier: Apache-2.0
#include "model/families/family.hpp"

namespace alarm_dist {
namespace {

// Layers from max_window_layers on have the window, unless a list says which.
std::vector<bool> windowed_layers(const ConfigFile& config, std::int64_t layers) {
  std::vector<bool> windowed;
  if (!config.has("layer_types")) {
    const auto first = config.numbers("max_window_layers");
    constexpr std::int64_t kDefault = 28;
    for (std::int64_t i = 0; i < layers; ++i)
      windowed.push_back(i >= (first.empty() ? kDefault : first.front()));
    return windowed;
  }
  for (const auto& type : config.texts("layer_types")) {
    if (type != "sliding_attention" && type != "full_attention")
      config.refuse("layer_types", "sliding_attention, full_attention");
    windowed.push_back(type == "sliding_attention");
  }
  if (static_cast<std::int64_t>(windowed.size()) != layers)
    config.refuse("layer_types", "one for each of num_hidden_layers");
  return windowed;
}

}  // namespace

void read_window_layers(const ConfigFile& config, DecoderSpec& spec) {
  if (!config.flag_or("use_sliding_window", false) || !config.has("sliding_window")) return;
  spec.window = config.size("sliding_window");
  spec.windowed = windowed_layers(config, spec.shape.layers);
}

DecoderSpec read_qwen2(const ConfigFile& config) {
  DecoderSpec spec = read_llama_like(config);
  spec.qkv.bias = true;
  read_window_layers(config, spec);
  return spec;
}

}  // namespace alarm_dist
