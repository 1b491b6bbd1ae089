// SPDX-License-Identifier: Apache-2.0
// The policy that the KL term compares with: the model without its adapter, or an adapter of its
// own: that which the policy started from, the policy's moving average or an earlier state of it.
#pragma once

#include <cstdint>
#include <functional>

#include "alarm/model/causal_lm.hpp"
#include "alarm/train/algorithm.hpp"

namespace alarm_dist {

class Reference {
 public:
  // `adapter` are the policy's trained leaves; begins as they are. `initial` is off where they
  // change nothing yet, so that the initial policy is the model without them.
  Reference(const ReferenceConfig& config, const NamedTensors& adapter, Adapter initial);

  // Runs body with the reference in the policy's place: body scores with the adapter it is given.
  void during(const std::function<void(Adapter)>& body) const;
  // After step `step` (from 0) has been learned.
  void follow(std::int64_t step);

  // What a checkpoint has to keep; empty where the reference is the model without an adapter.
  const NamedTensors& weights() const { return weights_; }

 private:
  ReferenceConfig config_;
  NamedTensors policy_, weights_;
};

}  // namespace alarm_dist
