// SPDX-License-Identifier: Apache-2.0
#include "model/families/family.hpp"

namespace alarm_dist {

DecoderSpec read_llama(const ConfigFile& config) {
  DecoderSpec spec = read_llama_like(config);
  spec.qkv.bias = spec.output.bias = config.flag_or("attention_bias", false);
  spec.up.bias = spec.down.bias = config.flag_or("mlp_bias", false);
  return spec;
}

}  // namespace alarm_dist
