// SPDX-License-Identifier: Apache-2.0
#include "train/step_flops.hpp"

namespace alarm_dist {

std::int64_t count_layer_parameters(const CausalLmShape& shape, const TensorFile& weights) {
  const std::int64_t matrices = weights.contains("lm_head.weight") ? 2 : 1;
  return shape.parameters - matrices * shape.vocabulary * shape.hidden;
}

double step_flops(const CausalLmShape& shape, std::int64_t layer_parameters, const StepWork& work) {
  const auto logits = static_cast<double>(shape.vocabulary) * static_cast<double>(shape.hidden);
  const double forward =
      2 * static_cast<double>(layer_parameters) * work.rows + 2 * logits * work.responses;
  return forward * (work.passes + (1 + work.backward) * work.epochs);
}

}  // namespace alarm_dist
