// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding, half-split (feature i turns with feature i + E/2), as Hugging Face's
// Llama has it.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

// Cosine and sine of each row's angles, [N, 1, E/2], in the type of the activations.
struct RotaryAngles {
  at::Tensor cos, sin;
};

// Angles are computed in float32 (float64 for float64 activations) from int64 positions, as
// Transformers does.
RotaryAngles rotary_angles(const at::Tensor& positions_N, std::int64_t head_size, double theta,
                           at::ScalarType dtype);

enum class Rotation { kForward, kInverse };

// Turns heads [0, rotated_heads) of x_NSE and copies the others.
at::Tensor rotate_heads(const at::Tensor& x_NSE, const RotaryAngles& angles,
                        std::int64_t rotated_heads, Rotation rotation = Rotation::kForward);

}  // namespace alarm_dist
