// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/stop.hpp"

#include <ATen/ATen.h>

#include "alarm/base/stop_signal.hpp"

namespace alarm_dist {

bool any_rank_told_to_stop(World& world) {
  at::Tensor told = at::tensor({stop_signal_came() ? 1.0 : 0.0}, at::kDouble);
  world.communicator().all_reduce(told, ReduceOp::kMax);
  return told.item<double>() > 0;
}

}  // namespace alarm_dist
