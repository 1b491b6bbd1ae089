// SPDX-License-Identifier: Apache-2.0
// Oracle: autograd through log_softmax on the whole matrix, float64.
#include "model/token_scores.hpp"

#include <utility>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace alarm_dist {
namespace {

struct Case {
  at::Tensor states_TD, head_VD, targets_T;
};

at::Tensor waves(at::IntArrayRef shape, double speed) {
  const auto count = at::tensor(shape, at::kLong).prod().item<std::int64_t>();
  return at::arange(count, at::kDouble).mul_(speed).sin_().reshape(shape).contiguous();
}

Case make_case() {
  return {waves({7, 5}, 0.7).requires_grad_(), waves({11, 5}, 1.3),
          at::arange(7, at::kLong).mul(3).remainder(11)};
}

TEST(TokenScores, GradientsOfLogprobAndEntropyAreAutograds) {
  const double temperature = 0.7;
  const auto weight_T = waves({7}, 0.4), other_T = waves({7}, 2.1);
  const auto ours = make_case(), theirs = make_case();

  const auto scores = score_tokens(ours.states_TD, ours.head_VD, ours.targets_T, temperature,
                                   EntropyGradient::kYes);
  (scores.logprobs_T * weight_T + scores.entropy_T * other_T).sum().backward();

  const auto log_p = at::log_softmax(theirs.states_TD.matmul(theirs.head_VD.t()) / temperature, -1);
  const auto logprobs = log_p.gather(1, theirs.targets_T.unsqueeze(1)).squeeze(1);
  const auto entropy = -(log_p.exp() * log_p).sum(-1);
  (logprobs * weight_T + entropy * other_T).sum().backward();

  EXPECT_TRUE(at::allclose(scores.entropy_T, entropy, 0, 1e-14));
  EXPECT_LT((ours.states_TD.grad() - theirs.states_TD.grad()).abs().max().item<double>(), 1e-14);
}

// All rows at once, and each by itself: sums over pieces are in the second.
TEST(TokenScores, GradientsOfATrainedHeadAreAutograds) {
  const double temperature = 0.7;
  const auto weight_T = waves({7}, 0.4), other_T = waves({7}, 2.1);
  for (const auto& [entropy, at_once] : {std::pair{EntropyGradient::kNo, kLogitsAtOnce},
                                         {EntropyGradient::kYes, kLogitsAtOnce},
                                         {EntropyGradient::kYes, std::int64_t{1}}}) {
    const auto ours = make_case(), theirs = make_case();
    const double share = entropy == EntropyGradient::kYes ? 1 : 0;

    const auto scores = score_tokens(ours.states_TD, ours.head_VD.requires_grad_(), ours.targets_T,
                                     temperature, entropy, at_once);
    (scores.logprobs_T * weight_T + share * scores.entropy_T * other_T).sum().backward();

    const auto logits = theirs.states_TD.matmul(theirs.head_VD.requires_grad_().t()) / temperature;
    const auto log_p = at::log_softmax(logits, -1);
    const auto logprobs = log_p.gather(1, theirs.targets_T.unsqueeze(1)).squeeze(1);
    const auto entropies = -(log_p.exp() * log_p).sum(-1);
    (logprobs * weight_T + share * entropies * other_T).sum().backward();

    EXPECT_TRUE(at::allclose(scores.logprobs_T, logprobs, 0, 1e-14));
    EXPECT_TRUE(at::allclose(scores.entropy_T, entropies, 0, 1e-14));
    EXPECT_EQ(scores.entropy_T.requires_grad(), entropy == EntropyGradient::kYes);
    EXPECT_LT((ours.states_TD.grad() - theirs.states_TD.grad()).abs().max().item<double>(), 1e-14);
    EXPECT_LT((ours.head_VD.grad() - theirs.head_VD.grad()).abs().max().item<double>(), 1e-14);
  }
}

TEST(TokenScores, TheEntropyHasNoGradientUnlessItIsAskedFor) {
  const auto plain = make_case();
  const auto scores = score_tokens(plain.states_TD, plain.head_VD, plain.targets_T, 1.0);

  EXPECT_TRUE(scores.logprobs_T.requires_grad());
  EXPECT_FALSE(scores.entropy_T.requires_grad());
}

}  // namespace
}  // namespace alarm_dist
