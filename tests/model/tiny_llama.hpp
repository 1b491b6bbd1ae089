// SPDX-License-Identifier: Apache-2.0
// The random model of tests/golden/make_llama.py and what Transformers computed with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"

#include "model/compare.hpp"

namespace alarm_dist::testing {

inline const std::vector<std::int64_t> kPrompt = {5, 17, 99, 3, 250, 8, 41};
inline const std::vector<std::vector<std::int64_t>> kResponses = {
    {7, 7, 19}, {100, 2}, {64, 31, 12, 200, 5}};

std::filesystem::path tiny_llama_dir();
at::Tensor golden(const std::string& name);

enum class Lora {
  kOff,
  kGolden
};  // the golden adapter has rank 4, alpha 8, values from the golden file
std::unique_ptr<CausalLm> load_tiny_llama(at::ScalarType dtype, Lora lora);

}  // namespace alarm_dist::testing
