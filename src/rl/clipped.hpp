// SPDX-License-Identifier: Apache-2.0
// What policy losses with a clipped ratio have in common.
#pragma once

#include <ATen/core/Tensor.h>

#include "alarm/rl/ppo.hpp"

namespace alarm_dist::rl {

// The two terms whose maximum is the clipped loss, and the ratio in them.
struct Surrogate {
  at::Tensor ratio_T;
  at::Tensor free_T;     // -A r
  at::Tensor clipped_T;  // -A clip(r)
};

Surrogate clip_ratio(const at::Tensor& ratio_T, const at::Tensor& advantages_T,
                     const PolicyClip& clip);
// Their maximum, and the floor of dual clipping.
at::Tensor worst_case(const Surrogate& surrogate, const at::Tensor& advantages_T,
                      const PolicyClip& clip);
// Weights may be undefined.
PolicyLoss sum_up(const Surrogate& surrogate, const at::Tensor& loss_T,
                  const at::Tensor& log_ratio_T, const at::Tensor& weights_T);

}  // namespace alarm_dist::rl
