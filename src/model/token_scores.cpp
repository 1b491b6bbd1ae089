// SPDX-License-Identifier: Apache-2.0
#include "model/token_scores.hpp"

#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/custom_function.h>

namespace alarm_dist {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

enum class Gradient { kNone, kOfTargets, kOfTargetsAndEntropy };

struct Chunk {
  at::Tensor logprobs, entropy, gradient_TD;
  at::Tensor entropy_gradient_TD;  // undefined unless wanted
};

// log softmax in float32 or wider.
at::Tensor log_distribution(const at::Tensor& states, const at::Tensor& head, double temperature) {
  at::Tensor logits = at::linear(states, head);
  if (logits.scalar_type() != at::kDouble) logits = logits.to(at::kFloat);
  if (temperature != 1.0) logits.div_(temperature);
  return at::log_softmax(logits, -1);
}

Chunk score_chunk(const at::Tensor& states, const at::Tensor& head, const at::Tensor& targets,
                  double temperature, Gradient wanted) {
  const auto log_p = log_distribution(states, head, temperature);
  const auto p = log_p.exp();
  Chunk chunk{.logprobs = log_p.gather(1, targets.unsqueeze(1)).squeeze(1),
              .entropy = at::linalg_vecdot(p, log_p).neg_(),
              .gradient_TD = {},
              .entropy_gradient_TD = {}};
  if (wanted == Gradient::kNone) return chunk;
  const auto mean_row = p.to(head.scalar_type()).mm(head);
  chunk.gradient_TD = (head.index_select(0, targets) - mean_row).div_(temperature);
  if (wanted == Gradient::kOfTargetsAndEntropy) {
    // dH / d logit_v = -p_v (log p_v + H)
    const auto slope = p.mul(log_p.add(chunk.entropy.unsqueeze(1))).neg_();
    chunk.entropy_gradient_TD = slope.to(head.scalar_type()).mm(head).div_(temperature);
  }
  return chunk;
}

Chunk score_all(const at::Tensor& states, const at::Tensor& head, const at::Tensor& targets,
                double temperature, Gradient wanted, std::int64_t logits_at_once) {
  const auto rows = std::max<std::int64_t>(1, logits_at_once / head.size(0));
  std::vector<at::Tensor> logprobs, entropies, gradients, entropy_gradients;
  for (std::int64_t begin = 0; begin < states.size(0); begin += rows) {
    const auto size = std::min(rows, states.size(0) - begin);
    auto chunk = score_chunk(states.narrow(0, begin, size), head, targets.narrow(0, begin, size),
                             temperature, wanted);
    logprobs.push_back(chunk.logprobs);
    entropies.push_back(chunk.entropy);
    if (chunk.gradient_TD.defined()) gradients.push_back(chunk.gradient_TD);
    if (chunk.entropy_gradient_TD.defined()) entropy_gradients.push_back(chunk.entropy_gradient_TD);
  }
  const auto join = [](const std::vector<at::Tensor>& parts) {
    return parts.empty() ? at::Tensor() : at::cat(parts);
  };
  return {at::cat(logprobs), at::cat(entropies), join(gradients), join(entropy_gradients)};
}

struct ScoreTokens : torch::autograd::Function<ScoreTokens> {
  static variable_list forward(AutogradContext* context, const at::Tensor& states,
                               const at::Tensor& head, const at::Tensor& targets,
                               double temperature, bool entropy_gradient,
                               std::int64_t logits_at_once) {
    const auto scores = score_all(
        states, head, targets, temperature,
        entropy_gradient ? Gradient::kOfTargetsAndEntropy : Gradient::kOfTargets, logits_at_once);
    context->save_for_backward({scores.gradient_TD, scores.entropy_gradient_TD});
    if (!entropy_gradient) context->mark_non_differentiable({scores.entropy});
    return {scores.logprobs, scores.entropy};
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto chain = [&](std::size_t output) {
      return saved[output] * grads[output].unsqueeze(1).to(saved[output].scalar_type());
    };
    at::Tensor gradient_TD = chain(0);
    if (saved[1].defined() && grads[1].defined()) gradient_TD = gradient_TD + chain(1);
    return {gradient_TD, {}, {}, {}, {}, {}};
  }
};

// Where the head is trained as well: what a row's logits contribute to the loss is needed for both
// gradients, so that the logits are computed once more, a chunk at a time, instead of kept.
struct ScoreTokensOfTrainedHead : torch::autograd::Function<ScoreTokensOfTrainedHead> {
  static variable_list forward(AutogradContext* context, const at::Tensor& states,
                               const at::Tensor& head, const at::Tensor& targets,
                               double temperature, std::int64_t logits_at_once) {
    const auto scores =
        score_all(states, head, targets, temperature, Gradient::kNone, logits_at_once);
    context->save_for_backward({states, head, targets});
    context->saved_data["temperature"] = temperature;
    context->saved_data["logits_at_once"] = kTrainedHeadFactor * logits_at_once;
    return {scores.logprobs, scores.entropy};
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &states = saved[0], &head = saved[1], &targets = saved[2];
    const double temperature = context->saved_data["temperature"].toDouble();
    const auto rows =
        std::max<std::int64_t>(1, context->saved_data["logits_at_once"].toInt() / head.size(0));
    const auto dstates = at::empty_like(states);
    const auto wide = at::promote_types(head.scalar_type(), at::kFloat);  // a sum over chunks
    const auto dhead = at::zeros_like(head, head.options().dtype(wide));
    for (std::int64_t begin = 0; begin < states.size(0); begin += rows) {
      const auto size = std::min(rows, states.size(0) - begin);
      const auto of_chunk = [&](const at::Tensor& t) {
        return t.defined() ? t.narrow(0, begin, size) : t;
      };
      const auto log_p = log_distribution(of_chunk(states), head, temperature);
      const auto dlogits =
          logit_gradient(log_p, of_chunk(targets), of_chunk(grads[0]), of_chunk(grads[1]))
              .div_(temperature)
              .to(head.scalar_type());
      of_chunk(dstates).copy_(dlogits.mm(head));
      if (wide == head.scalar_type())
        dhead.addmm_(dlogits.t(), of_chunk(states));
      else
        dhead.add_(dlogits.t().mm(of_chunk(states)));
    }
    return {dstates, dhead.to(head.scalar_type()), {}, {}, {}};
  }

 private:
  // d log p_target = onehot - p; d entropy = -p (log p + entropy).
  static at::Tensor logit_gradient(const at::Tensor& log_p, const at::Tensor& targets,
                                   const at::Tensor& dlogprobs, const at::Tensor& dentropy) {
    const auto p = log_p.exp();
    at::Tensor gradient = at::zeros_like(log_p);
    if (dlogprobs.defined()) {
      const auto dlogprobs_1 = dlogprobs.unsqueeze(1);
      gradient = p.mul(dlogprobs_1).neg_().scatter_add_(1, targets.unsqueeze(1), dlogprobs_1);
    }
    if (dentropy.defined()) {
      const auto entropy_1 = at::linalg_vecdot(p, log_p).neg_().unsqueeze(1);
      gradient.sub_(p.mul(log_p.add(entropy_1)).mul_(dentropy.unsqueeze(1)));
    }
    return gradient;
  }
};

}  // namespace

TokenScores score_tokens(const at::Tensor& states_TD, const at::Tensor& head_VD,
                         const at::Tensor& targets_T, double temperature, EntropyGradient entropy,
                         std::int64_t logits_at_once) {
  if (!at::GradMode::is_enabled() || !states_TD.requires_grad()) {
    const auto scores =
        score_all(states_TD, head_VD, targets_T, temperature, Gradient::kNone, logits_at_once);
    return {scores.logprobs, scores.entropy};
  }
  if (head_VD.requires_grad()) {
    const auto scores =
        ScoreTokensOfTrainedHead::apply(states_TD, head_VD, targets_T, temperature, logits_at_once);
    return {scores[0], entropy == EntropyGradient::kYes ? scores[1] : scores[1].detach()};
  }
  const auto scores = ScoreTokens::apply(states_TD, head_VD, targets_T, temperature,
                                         entropy == EntropyGradient::kYes, logits_at_once);
  return {scores[0], scores[1]};
}

}  // namespace alarm_dist
