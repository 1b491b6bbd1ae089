// SPDX-License-Identifier: Apache-2.0
// The activation of a gated MLP.
#pragma once

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// silu(gate) * up, where gate and up stand side by side in [N, 2F]; [N, F]. Saves its input only.
at::Tensor gated_silu(const at::Tensor& gate_up_N2F);

}  // namespace alarm_dist
