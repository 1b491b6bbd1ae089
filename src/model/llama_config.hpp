// SPDX-License-Identifier: Apache-2.0
// What config.json and generation_config.json of a Hugging Face directory say about a Llama model.
#pragma once

#include <cstdint>
#include <filesystem>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist {

struct LlamaConfig {
  CausalLmShape shape;  // parameters is left 0
  std::int64_t feed_forward = 0;
  double norm_eps = 1e-5;
  double rope_theta = 10000;
  bool tied_embeddings = false;
};

// Throws Error naming the file and the key that is missing, wrong, or stands for something that is
// not supported.
LlamaConfig read_llama_config(const std::filesystem::path& dir);

}  // namespace alarm_dist
