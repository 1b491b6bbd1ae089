// SPDX-License-Identifier: Apache-2.0
// One dense attention call and its gradient: LibTorch's flash kernel on the CPU, matrix products
// elsewhere.
//
// Queries are [B, H, n, E], keys and values [B, K, m, E] with H a multiple of K; any strides with E
// contiguous. A mask is added to the scaled scores, has the type of the queries and broadcasts to
// [B, H, n, m]; an undefined one masks nothing.
#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

enum class Causality { kNone, kCausal };

struct AttentionInputs {
  at::Tensor q_BHnE, k_BKmE, v_BKmE;
  at::Tensor mask;
  Causality causality = Causality::kNone;  // row i sees keys 0..i
  std::optional<double> scale = {};        // of the scores; 1/sqrt(E) unless given
};

struct AttentionOutputs {
  at::Tensor out_BHnE;
  at::Tensor lse_BHn;  // log of the sum of exponentials of the scores
};

struct AttentionGradients {
  at::Tensor dq_BHnE, dk_BKmE, dv_BKmE;
};

// What a score contributes to the loss, [B, H, n, m], float32 or wider: the gradient of a mask that
// is learned. A hidden key's is 0.
at::Tensor score_gradient(const at::Tensor& dout_BHnE, const AttentionInputs& inputs,
                          const AttentionOutputs& outputs);

AttentionOutputs attention_forward(const AttentionInputs& inputs);
AttentionGradients attention_backward(const at::Tensor& dout_BHnE, const AttentionInputs& inputs,
                                      const AttentionOutputs& outputs);

}  // namespace alarm_dist
