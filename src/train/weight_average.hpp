// SPDX-License-Identifier: Apache-2.0
// The exponential moving average of the trained weights over the optimiser's steps:
//   average <- decay * average + (1 - decay) * weights
#pragma once

#include <cstdint>

#include "alarm/store/tensor_file.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

class WeightAverage {
 public:
  // Begins as the weights, which are leaves that the optimiser moves. Decay 0: nothing is kept.
  WeightAverage(const EmaConfig& config, const NamedTensors& weights);

  // After an optimiser's step within step `step` (from 0) of the run. Before config.start the
  // average is the weights themselves.
  void follow(std::int64_t step);

  // In the leaves' type; empty where nothing is kept. To be evaluated, saved and loaded into.
  const NamedTensors& tensors() const { return average_; }

 private:
  EmaConfig config_;
  NamedTensors weights_, average_;
};

}  // namespace alarm_dist
