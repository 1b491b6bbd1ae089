// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding, half-split (feature i turns with feature i + R/2 of the R features
// that turn), as Hugging Face's models have it, with the scalings of published checkpoints.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

enum class RopeScaling {
  kNone,
  kLinear,   // all frequencies divided by the factor
  kDynamic,  // beyond the context the base grows with the length (NTK-aware)
  kLlama3    // low frequencies divided by the factor, middle ones in part
};

struct RopeSpec {
  std::int64_t features = 0;  // of a head, from its first; 0: nothing turns
  double theta = 10000;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1;
  double low_frequency_factor = 1, high_frequency_factor = 4;  // kLlama3
  std::int64_t context = 0;                                    // trained on: kDynamic, kLlama3
};

// Cosine and sine of each row's angles, [N, 1, R/2], in the type of the activations; undefined when
// nothing turns.
struct RotaryAngles {
  at::Tensor cos, sin;
};

class RotaryEmbedding {
 public:
  RotaryEmbedding() = default;
  // Frequencies and angles are float32 (float64 for float64 activations), as in Transformers.
  RotaryEmbedding(const RopeSpec& spec, const at::TensorOptions& activations);

  // A position of dynamic scaling turns by the frequencies of a sequence that ends there: what a
  // token's state is does not depend on the tokens after it.
  RotaryAngles angles(const at::Tensor& positions_N) const;

 private:
  at::Tensor dynamic_frequencies_NF(const at::Tensor& positions_N) const;

  RopeSpec spec_;
  at::ScalarType dtype_ = at::kFloat;  // of the activations
  at::ScalarType type_ = at::kFloat;   // of the arithmetic
  at::Tensor exponents_F_, frequencies_F_;
};

enum class Rotation { kForward, kInverse };

// Turns heads [0, rotated_heads) of x_NSE and copies the others.
at::Tensor rotate_heads(const at::Tensor& x_NSE, const RotaryAngles& angles,
                        std::int64_t rotated_heads, Rotation rotation = Rotation::kForward);

}  // namespace alarm_dist
