// SPDX-License-Identifier: Apache-2.0
#include "model/families/family.hpp"

namespace alarm_dist {
namespace {

// Transformers 5 has everything in rope_parameters; before, scalings were in rope_scaling and the
// base on top.
ConfigFile rope_section(const ConfigFile& config) {
  return config.section(config.has("rope_scaling") ? "rope_scaling" : "rope_parameters");
}

RopeScaling read_scaling(const ConfigFile& rope) {
  const auto* key = rope.has("rope_type") ? "rope_type" : "type";
  const auto name = rope.text_or(key, "default");
  if (name == "default") return RopeScaling::kNone;
  if (name == "linear") return RopeScaling::kLinear;
  if (name == "dynamic") return RopeScaling::kDynamic;
  if (name == "llama3") return RopeScaling::kLlama3;
  rope.refuse(key, "default, linear, dynamic, llama3");
}

void read_llama3(const ConfigFile& config, const ConfigFile& rope, RopeSpec& spec) {
  spec.low_frequency_factor = rope.positive("low_freq_factor");
  spec.high_frequency_factor = rope.positive("high_freq_factor");
  constexpr auto kOriginal = "original_max_position_embeddings";
  spec.context =
      config.has(kOriginal) ? config.size(kOriginal) : rope.size_or(kOriginal, spec.context);
  if (spec.high_frequency_factor <= spec.low_frequency_factor)
    rope.refuse("high_freq_factor", "a number above low_freq_factor");
}

}  // namespace

void read_rope(const ConfigFile& config, const RopeDefaults& defaults, DecoderSpec& spec) {
  const auto rope = rope_section(config);
  const auto number = [&](const char* key, double fallback) {
    return rope.positive_or(key, config.positive_or(key, fallback));
  };
  const auto share = number("partial_rotary_factor", defaults.share);
  spec.rope.features = static_cast<std::int64_t>(static_cast<double>(spec.shape.head_size) * share);
  spec.rope.theta = number("rope_theta", defaults.theta);
  spec.rope.scaling = read_scaling(rope);
  spec.rope.context = spec.shape.context;
  if (spec.rope.scaling == RopeScaling::kNone) return;
  spec.rope.factor = rope.number("factor");
  if (spec.rope.factor < 1) rope.refuse("factor", "a number of at least 1");
  if (spec.rope.scaling == RopeScaling::kLlama3) return read_llama3(config, rope, spec.rope);
  spec.shape.context =
      static_cast<std::int64_t>(static_cast<double>(spec.shape.context) * spec.rope.factor);
}

}  // namespace alarm_dist
