// SPDX-License-Identifier: Apache-2.0
#include "model/attention_kernel.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>

namespace alarm_dist {
namespace {

std::optional<at::Tensor> optional_mask(const AttentionInputs& inputs) {
  if (!inputs.mask.defined()) return std::nullopt;
  return inputs.mask;
}

double score_scale(const AttentionInputs& inputs) {
  return inputs.scale.value_or(1.0 / std::sqrt(static_cast<double>(inputs.q_BHnE.size(3))));
}

// The path of devices without a kernel that returns the log-sum-exp: plain products, scores in
// float32 or wider.
at::ScalarType score_type(const at::Tensor& q) {
  return q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

at::Tensor repeat_heads(const at::Tensor& kv_BKmE, std::int64_t heads) {
  return kv_BKmE.repeat_interleave(heads / kv_BKmE.size(1), 1);
}

at::Tensor sum_over_repeats(const at::Tensor& grad_BHmE, std::int64_t kv_heads) {
  return grad_BHmE.unflatten(1, {kv_heads, grad_BHmE.size(1) / kv_heads}).sum(2);
}

at::Tensor scores_BHnm(const AttentionInputs& inputs) {
  const auto type = score_type(inputs.q_BHnE);
  const auto keys = repeat_heads(inputs.k_BKmE, inputs.q_BHnE.size(1)).to(type);
  at::Tensor scores =
      at::matmul(inputs.q_BHnE.to(type), keys.transpose(-1, -2)).mul_(score_scale(inputs));
  if (inputs.mask.defined()) scores.add_(inputs.mask);
  if (inputs.causality == Causality::kCausal) {
    const auto hidden =
        at::ones({scores.size(-2), scores.size(-1)}, scores.options().dtype(at::kBool)).triu_(1);
    scores.masked_fill_(hidden, -std::numeric_limits<double>::infinity());
  }
  return scores;
}

AttentionOutputs product_forward(const AttentionInputs& inputs) {
  const auto scores = scores_BHnm(inputs);
  const auto lse = at::logsumexp(scores, -1);
  const auto weights = at::exp(scores - lse.unsqueeze(-1));
  const auto values = repeat_heads(inputs.v_BKmE, inputs.q_BHnE.size(1)).to(weights.scalar_type());
  return {at::matmul(weights, values).to(inputs.q_BHnE.scalar_type()), lse};
}

at::Tensor attention_weights(const AttentionInputs& inputs, const AttentionOutputs& outputs) {
  return at::exp(scores_BHnm(inputs) - outputs.lse_BHn.unsqueeze(-1));
}

// Of softmax: weights * (dweights - sum(weights * dweights)), whose sum is that of dout * out.
at::Tensor gradient_of_scores(const at::Tensor& grad, const at::Tensor& weights,
                              const AttentionInputs& inputs, const AttentionOutputs& outputs) {
  const auto values = repeat_heads(inputs.v_BKmE, inputs.q_BHnE.size(1)).to(grad.scalar_type());
  const auto dweights = at::matmul(grad, values.transpose(-1, -2));
  const auto delta = (grad * outputs.out_BHnE).sum(-1, /*keepdim=*/true);
  return (dweights - delta).mul_(weights);
}

AttentionGradients product_backward(const at::Tensor& dout, const AttentionInputs& inputs,
                                    const AttentionOutputs& outputs) {
  const auto type = score_type(inputs.q_BHnE);
  const auto heads = inputs.q_BHnE.size(1);
  const auto kv_heads = inputs.k_BKmE.size(1);
  const auto grad = dout.to(type);
  const auto weights = attention_weights(inputs, outputs);
  const auto dv = at::matmul(weights.transpose(-1, -2), grad);
  const auto dscores = gradient_of_scores(grad, weights, inputs, outputs).mul_(score_scale(inputs));
  const auto dq = at::matmul(dscores, repeat_heads(inputs.k_BKmE, heads).to(type));
  const auto dk = at::matmul(dscores.transpose(-1, -2), inputs.q_BHnE.to(type));
  const auto native = inputs.q_BHnE.scalar_type();
  return {dq.to(native), sum_over_repeats(dk, kv_heads).to(native),
          sum_over_repeats(dv, kv_heads).to(native)};
}

}  // namespace

at::Tensor score_gradient(const at::Tensor& dout_BHnE, const AttentionInputs& inputs,
                          const AttentionOutputs& outputs) {
  return gradient_of_scores(dout_BHnE.to(score_type(inputs.q_BHnE)),
                            attention_weights(inputs, outputs), inputs, outputs);
}

AttentionOutputs attention_forward(const AttentionInputs& inputs) {
  if (!inputs.q_BHnE.is_cpu()) return product_forward(inputs);
  auto [out, lse] = at::_scaled_dot_product_flash_attention_for_cpu(
      inputs.q_BHnE, inputs.k_BKmE, inputs.v_BKmE, /*dropout_p=*/0.0,
      inputs.causality == Causality::kCausal, optional_mask(inputs), score_scale(inputs));
  return {out, lse};
}

AttentionGradients attention_backward(const at::Tensor& dout_BHnE, const AttentionInputs& inputs,
                                      const AttentionOutputs& outputs) {
  if (!inputs.q_BHnE.is_cpu()) return product_backward(dout_BHnE, inputs, outputs);
  auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
      dout_BHnE, inputs.q_BHnE, inputs.k_BKmE, inputs.v_BKmE, outputs.out_BHnE, outputs.lse_BHn,
      /*dropout_p=*/0.0, inputs.causality == Causality::kCausal, optional_mask(inputs),
      score_scale(inputs));
  return {dq, dk, dv};
}

}  // namespace alarm_dist
