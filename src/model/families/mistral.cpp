// SPDX-License-Identifier: Apache-2.0
#include "model/families/family.hpp"

namespace alarm_dist {

DecoderSpec read_mistral(const ConfigFile& config) {
  DecoderSpec spec = read_llama_like(config);
  constexpr std::int64_t kDefaultKeyValueHeads = 8;
  spec.shape.kv_heads = config.size_or("num_key_value_heads", kDefaultKeyValueHeads);
  if (config.has("layer_types")) config.refuse("layer_types", "none, as all layers are alike");
  if (config.is_null("sliding_window")) return spec;
  constexpr std::int64_t kDefaultWindow = 4096;
  spec.window = config.size_or("sliding_window", kDefaultWindow);
  spec.windowed.assign(static_cast<std::size_t>(spec.shape.layers), true);
  return spec;
}

}  // namespace alarm_dist
