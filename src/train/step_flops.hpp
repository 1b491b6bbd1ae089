// SPDX-License-Identifier: Apache-2.0
// Floating-point operations that the policy takes for a step: the numerator of the metric mfu.
#pragma once

#include <cstdint>

#include "alarm/model/causal_lm.hpp"
#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// Weights of the policy without the embedding and the matrix of logits, which may be one.
std::int64_t count_layer_parameters(const CausalLmShape& shape, const TensorFile& weights);

struct StepWork {
  double rows = 0;       // prompt tokens, once for all samples of a prompt, and response tokens
  double responses = 0;  // response tokens: the rows that go through the matrix of logits
  double passes = 3;     // forward: generation, the policy's and the reference's log-probabilities
  double epochs = 0;     // of the update: one forward and one backward pass each
  double backward = 1;   // forward passes' worth of a backward one: 2 where every weight is trained
};

// F (passes + (1 + backward) epochs), with F = 2 layer_parameters rows + 2 vocabulary hidden
// responses for one forward pass. Frozen weights want no gradient, so that a backward pass is a
// forward pass' worth. Left out: attention scores, adapters, the value head, reward models.
double step_flops(const CausalLmShape& shape, std::int64_t layer_parameters, const StepWork& work);

}  // namespace alarm_dist
