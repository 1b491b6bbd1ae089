// SPDX-License-Identifier: Apache-2.0
// What config.json and generation_config.json of a Hugging Face directory say about a T5: the
// original, v1.1, Flan-T5 and mT5 differ in nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string_view>

#include "alarm/model/causal_lm.hpp"

#include "model/activation.hpp"
#include "model/relative_bias.hpp"

namespace alarm_dist {

inline constexpr const char* kT5Types = "t5, mt5";
bool is_t5(std::string_view model_type);

// Relative positions have no end: beyond the last bucket everything is equally far. (n_positions,
// where a file has it, is the length of pre-training; the paper's own inputs are twice as long.)
inline constexpr std::int64_t kUnlimitedContext = std::numeric_limits<std::int32_t>::max();

struct T5Config {
  CausalLmShape shape;  // layers: of the decoder; parameters is left 0
  std::int64_t encoder_layers = 0;
  Activation activation = Activation::kRelu;
  bool gated = false;
  double norm_eps = 1e-6;
  BiasBuckets buckets;
  std::int64_t start_token = 0;  // the decoder's first
  double output_scale = 1;       // of the decoder's states before the head
  bool tied_embeddings = false;  // unless the checkpoint has another head

  std::int64_t inner() const { return shape.heads * shape.head_size; }
};

// Throws Error naming the file and the key that is missing, wrong, or stands for something that is
// not supported.
T5Config read_t5_config(const std::filesystem::path& dir);

}  // namespace alarm_dist
