// SPDX-License-Identifier: Apache-2.0
// The table of specs 11.2, all of its cells, by enumerating a vocabulary of six. The specification
// prints KL = 0.288671281 without the logits that gave it; these are others, their KL is
// 0.388264766, and the numbers of the biased cells were computed once with numpy 2.4.6 from
//   gradient of the term as loss    p_i (k'_i - E[k'])
//   gradient of the term as reward  p_i (k_i - E[k])
//   gradient of the divergence      p_i (d_i - KL)
#include "alarm/rl/kl_loss.hpp"

#include <functional>

#include <ATen/core/Tensor.h>

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

constexpr double kExact = 1e-12;
constexpr double kReverse = 0.38826476613583144;

class KlTable : public ::testing::Test {
 protected:
  using Term = std::function<at::Tensor(const at::Tensor&)>;  // of the policy's log-probabilities

  static at::Tensor policy(const at::Tensor& logits_V) { return at::log_softmax(logits_V, 0); }

  // The mean of the term over tokens sampled from the policy; no gradient through the sampling.
  at::Tensor as_loss(const Term& term, const at::Tensor& logits_V) const {
    return (policy(logits_V).detach().exp() * term(policy(logits_V))).sum();
  }
  // REINFORCE with the term as a constant reward.
  at::Tensor as_reward(const Term& term, const at::Tensor& logits_V) const {
    return (policy(logits_V).exp() * term(policy(logits_V)).detach()).sum();
  }
  at::Tensor gradient(const std::function<at::Tensor(const at::Tensor&)>& function) const {
    const auto logits_V = start_V.clone().requires_grad_(true);
    function(logits_V).backward();
    return logits_V.grad();
  }
  at::Tensor loss_gradient(const Term& term) const {
    return gradient([&](const at::Tensor& x_V) { return as_loss(term, x_V); });
  }
  at::Tensor reward_gradient(const Term& term) const {
    return gradient([&](const at::Tensor& x_V) { return as_reward(term, x_V); });
  }
  double value(const Term& term) const { return scalar(as_loss(term, start_V)); }
  // The largest error against the gradient of KL(policy || reference).
  double error(const at::Tensor& gradient_V) const {
    const auto exact_V = gradient([&](const at::Tensor& x_V) {
      return (policy(x_V).exp() * (policy(x_V) - reference_V)).sum();
    });
    return scalar((gradient_V - exact_V).abs().max());
  }
  Term make_term(const KlLoss& config) const {
    return [=, this](const at::Tensor& x_V) { return kl_loss_terms(x_V, reference_V, config); };
  }

  const at::Tensor start_V = numbers({.3, -1.2, .8, 0, 2.1, -.4});
  const at::Tensor reference_V = at::log_softmax(numbers({1, .2, -.5, .1, .9, -2}), 0);
};

TEST_F(KlTable, K1) {
  const auto k1 = make_term({.estimator = KlEstimator::kK1});

  EXPECT_NEAR(value(k1), kReverse, kExact);
  EXPECT_LT(scalar(loss_gradient(k1).abs().max()), kExact);
  EXPECT_LT(error(reward_gradient(k1)), kExact);
}

TEST_F(KlTable, K2) {
  const auto k2 = make_term({.estimator = KlEstimator::kK2});

  EXPECT_NEAR(value(k2), 0.34768106555225897, kExact);
  EXPECT_LT(error(loss_gradient(k2)), kExact);
  EXPECT_NEAR(error(reward_gradient(k2)), 0.24523050721276118, kExact);
}

TEST_F(KlTable, K3) {
  const auto k3 = make_term({.estimator = KlEstimator::kK3});
  const auto forward_V =
      gradient([&](const at::Tensor& x_V) { return -(reference_V.exp() * policy(x_V)).sum(); });

  EXPECT_NEAR(value(k3), kReverse, kExact);
  EXPECT_LT(scalar((loss_gradient(k3) - forward_V).abs().max()), kExact);
  EXPECT_NEAR(error(loss_gradient(k3)), 0.11670758872277273, kExact);
  EXPECT_NEAR(error(reward_gradient(k3)), 0.297235483780934, kExact);
}

TEST_F(KlTable, AnyValueCanHaveTheGradientOfK2) {
  for (const auto estimator : {KlEstimator::kK1, KlEstimator::kK3}) {
    const auto straight = make_term({.estimator = estimator, .gradient = KlGradient::kReverseKl});
    EXPECT_NEAR(value(straight), kReverse, kExact);
    EXPECT_LT(error(loss_gradient(straight)), kExact);
  }
}

// The same tokens, drawn from another policy: what is summed here has its probabilities.
class KlOffPolicy : public KlTable {
 protected:
  at::Tensor corrected(const KlLoss& config, const at::Tensor& logits_V) const {
    return (old_V.exp() * kl_loss_terms(policy(logits_V), reference_V, old_V, config)).sum();
  }
  double corrected_error(const KlLoss& config) const {
    return error(gradient([&](const at::Tensor& x_V) { return corrected(config, x_V); }));
  }

  const at::Tensor old_V = at::log_softmax(numbers({.1, -.9, .5, .4, 1.7, -.1}), 0);
};

TEST_F(KlOffPolicy, RatioMakesTheUnbiasedEstimatorsExact) {
  for (const auto estimator : {KlEstimator::kK1, KlEstimator::kK3}) {
    EXPECT_NEAR(scalar(corrected({.estimator = estimator}, start_V)), kReverse, kExact);
    EXPECT_LT(corrected_error({.estimator = estimator}), kExact);
  }
  EXPECT_GT(corrected_error({.estimator = KlEstimator::kK2}), .05);
}

TEST_F(KlOffPolicy, ConstantRatioMakesTheGradientOfK2Exact) {
  for (const auto estimator : {KlEstimator::kK1, KlEstimator::kK2, KlEstimator::kK3})
    EXPECT_LT(corrected_error({.estimator = estimator, .gradient = KlGradient::kReverseKl}),
              kExact);
}

TEST_F(KlOffPolicy, UncorrectedIsBiased) {
  const auto uncorrected = [&](const at::Tensor& x_V) {
    return (old_V.exp() * kl_loss_terms(policy(x_V), reference_V, KlLoss{})).sum();
  };

  EXPECT_GT(error(gradient(uncorrected)), .01);
}

TEST_F(KlOffPolicy, CapHoldsTheConstantRatio) {
  const auto logprobs_T = variable({0, -1});
  const KlLoss config{.gradient = KlGradient::kReverseKl, .ratio_cap = 2};

  kl_loss_terms(logprobs_T, numbers({-1, -2}), numbers({-3, -1}), config).sum().backward();

  expect_near(logprobs_T.grad(), {2, 1});
}

// Responses of one or two tokens out of three: a first token 0 ends them. A policy is a table of
// logits, a row for each beginning.
class ResponseKl : public ::testing::Test {
 protected:
  // Of all seven responses, one after the other: [13].
  at::Tensor logprobs(const at::Tensor& logits_NV) const {
    return at::log_softmax(logits_NV, 1).view({-1}).index_select(0, cells_T);
  }
  at::Tensor probabilities(const at::Tensor& logits_NV) const {  // of a token's response
    const at::Tensor sums_R =
        at::zeros({7}, at::kDouble).index_add(0, response_T, logprobs(logits_NV));
    return sums_R.exp().index_select(0, response_T);
  }
  // E over responses of the sum of their tokens' terms, no gradient through the sampling.
  at::Tensor loss_gradient(const std::function<at::Tensor(const at::Tensor&)>& terms) const {
    const auto x_NV = start_NV.clone().requires_grad_(true);
    (probabilities(x_NV).detach() * terms(logprobs(x_NV))).sum().backward();
    return x_NV.grad();
  }
  at::Tensor exact_gradient() const {
    const auto x_NV = start_NV.clone().requires_grad_(true);
    (probabilities(x_NV) * (logprobs(x_NV) - logprobs(reference_NV))).sum().backward();
    return x_NV.grad();
  }
  double error(const at::Tensor& gradient_NV) const {
    return scalar((gradient_NV - exact_gradient()).abs().max());
  }

  const std::vector<std::int64_t> offsets{0, 1, 3, 5, 7, 9, 11, 13};
  // Row and token: 0 | 1 0 | 1 1 | 1 2 | 2 0 | 2 1 | 2 2.
  const at::Tensor cells_T = at::tensor({0, 1, 3, 1, 4, 1, 5, 2, 6, 2, 7, 2, 8}, at::kLong);
  const at::Tensor response_T = at::tensor({0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6}, at::kLong);
  const at::Tensor start_NV = numbers({.3, -1.2, .8, 0, 2.1, -.4, .7, .2, -.9}).view({3, 3});
  const at::Tensor reference_NV = numbers({1, .2, -.5, .1, .9, -2, -.3, .4, .6}).view({3, 3});
};

TEST_F(ResponseKl, HasTheGradientOfTheDivergenceOfResponses) {
  const auto reference_T = logprobs(reference_NV);

  EXPECT_LT(error(loss_gradient([&](const at::Tensor& x_T) {
              return response_kl_loss_terms(x_T, reference_T, offsets);
            })),
            kExact);
  EXPECT_GT(error(loss_gradient(
                [&](const at::Tensor& x_T) { return kl_loss_terms(x_T, reference_T, KlLoss{}); })),
            .01);
}

TEST_F(ResponseKl, IsSpreadOverTheTokensOfEachResponse) {
  const auto terms_T = response_kl_loss_terms(numbers({-1, -2, -3}), numbers({-2, -2, -1}),
                                              std::vector<std::int64_t>{0, 1, 3});

  expect_near(terms_T, {0.5, 1, 1});
}

}  // namespace
}  // namespace alarm_dist::testing
