// SPDX-License-Identifier: Apache-2.0
#include "train/weight_average.hpp"

#include "train/weight_copies.hpp"

namespace alarm_dist {

WeightAverage::WeightAverage(const EmaConfig& config, const NamedTensors& weights)
    : config_(config) {
  if (config.decay == 0) return;
  weights_ = weights;
  average_ = clone_tensors(weights);
}

void WeightAverage::follow(std::int64_t step) {
  if (average_.empty()) return;
  follow_weights(average_, weights_, step < config_.start ? 0.0 : config_.decay);
}

}  // namespace alarm_dist
