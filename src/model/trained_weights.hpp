// SPDX-License-Identifier: Apache-2.0
// Every weight of a model as a leaf that is trained.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

class TrainedWeights {
 public:
  TrainedWeights() = default;  // none
  // Copies in float32 or wider, under the names and in the order of what a checkpoint holds: a pass
  // rounds them to the type of its activations, and what an update adds is not lost in that.
  explicit TrainedWeights(const TensorSources& checkpoint);

  bool empty() const { return leaves_.empty(); }
  const NamedTensors& leaves() const { return leaves_; }
  // A leaf in another type, differentiable unless grad mode is off; without gradients it is
  // converted once for each state of the leaf.
  at::Tensor get(const std::string& name, at::ScalarType dtype) const;

 private:
  struct Converted {
    std::string name = {};
    std::int64_t version = -1;  // of the leaf's contents
    at::Tensor tensor = {};
  };

  NamedTensors leaves_;
  mutable Converted last_;
};

}  // namespace alarm_dist
