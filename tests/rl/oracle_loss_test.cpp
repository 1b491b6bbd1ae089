// SPDX-License-Identifier: Apache-2.0
// Policy, value and KL losses and their gradients as verl 0.9.1, openrlhf 0.11.2, trl 1.16.0 (GRPO,
// RLOO) and trl 1.12.0 (PPO) compute them (tests/golden/make_rl_oracles.py), 200 batches, 1e-9.
// What they do that we do not is done here, on the side of the test.
#include <ATen/core/Tensor.h>

#include "alarm/rl/correction.hpp"
#include "alarm/rl/groups.hpp"
#include "alarm/rl/kl_loss.hpp"
#include "alarm/rl/overlong.hpp"
#include "alarm/rl/surrogates.hpp"

#include "rl/oracle_case.hpp"

namespace alarm_dist::testing {
namespace {

PolicyClip dual_clip(const OracleCase& c) {
  auto clip = c.clip();
  clip.dual = c["dual"];
  return clip;
}

TEST(LossOracle, PolicyAndAggregations) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto loss = [&](Aggregation kind) {
      return
          [&, weights_T = aggregation_weights(c.offsets, kind, c.counts())](const at::Tensor& x_T) {
            return ppo_policy_loss(x_T, c.old_T, c.rewards_T, dual_clip(c), weights_T).sum;
          };
    };
    auto by_width = c.counts();
    by_width.fixed_length = static_cast<double>(c.longest);  // that of the padded batch
    c.expect_function("policy.token_mean", c.logprobs_T, loss(Aggregation::kTokenMean));
    c.expect_function("policy.sequence_mean", c.logprobs_T,
                      loss(Aggregation::kSequenceMeanTokenMean));
    c.expect(scalar(loss(Aggregation::kSequenceMeanTokenSum)(c.logprobs_T)), "policy.sequence_sum");
    const auto weights_T = aggregation_weights(c.offsets, Aggregation::kFixedLength, by_width);
    c.expect(
        scalar(ppo_policy_loss(c.logprobs_T, c.old_T, c.rewards_T, dual_clip(c), weights_T).sum),
        "policy.fixed_length");
  });
}

TEST(LossOracle, OtherSurrogates) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto scores_T = spread_over_tokens(c.scores_R, c.offsets);
    const auto weights_T =
        aggregation_weights(c.offsets, Aggregation::kSequenceMeanTokenMean, c.counts());
    c.expect_function("gspo", c.logprobs_T, [&](const at::Tensor& x_T) {
      return gspo_policy_loss(x_T, c.old_T, scores_T, c.offsets, c.clip(), weights_T).sum;
    });
    c.expect_function("cispo", c.logprobs_T, [&](const at::Tensor& x_T) {
      return cispo_policy_loss(x_T, c.old_T, c.rewards_T, c.clip()).sum / c.tokens();
    });
  });
}

TEST(LossOracle, Corrections) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto corrected = [&](const Correction& correction) {
      return [&, correction](const at::Tensor& x_T) {
        return ppo_policy_loss(x_T, c.old_T, c.rewards_T, c.clip(), correction.weights_T).sum /
               c.tokens();
      };
    };
    c.expect_function("policy.corrected_token", c.logprobs_T,
                      corrected(truncated_importance(c.old_T, c.rollout_T, c.offsets,
                                                     ImportanceLevel::kToken, c["cap"])));
    c.expect_function("policy.corrected_seq", c.logprobs_T,
                      corrected(geometric_rejection(c.old_T, c.rollout_T, c.offsets,
                                                    {.low = 1 / c["bound"], .high = c["bound"]})));
  });
}

TEST(LossOracle, Values) {
  for_each_oracle_case([](const OracleCase& c) {
    c.expect_function("value", c.values_T, [&](const at::Tensor& x_T) {
      return ppo_value_loss(x_T, c.old_values_T, c.rewards_T, c["value_clip"]).sum / c.tokens();
    });
  });
}

TEST(LossOracle, KlTerms) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto on_policy = [&](const KlLoss& config) {
      return [&, config](const at::Tensor& x_T) {
        return kl_loss_terms(x_T, c.reference_T, config).sum();
      };
    };
    const auto off_policy = [&](KlEstimator estimator) {
      const KlLoss config{
          .estimator = estimator, .gradient = KlGradient::kReverseKl, .ratio_cap = 10};
      return [&, config](const at::Tensor& x_T) {
        return kl_loss_terms(x_T, c.reference_T, c.old_T, config).sum();
      };
    };
    using enum KlEstimator;
    c.expect_function("kl.k3", c.logprobs_T, on_policy({.estimator = kK3}));
    c.expect_function("kl.k1+", c.logprobs_T,
                      on_policy({.estimator = kK1, .gradient = KlGradient::kReverseKl}));
    c.expect_function("kl.k3+", c.logprobs_T,
                      on_policy({.estimator = kK3, .gradient = KlGradient::kReverseKl}));
    c.expect_function("kl.unbiased_k1", c.logprobs_T, off_policy(kK1));
    c.expect_function("kl.unbiased_k2", c.logprobs_T, off_policy(kK2));
    c.expect_function("kl.unbiased_k3", c.logprobs_T, off_policy(kK3));
  });
}

// A case through trl's GRPOTrainer, which mixes its options: the level of the ratio, overlong
// filtering, the correction of the rollout's ratio, dual clipping, the ratio on the KL term.
struct TrlGrpo {
  explicit TrlGrpo(const OracleCase& a_case) : c(a_case) {
    kept_T = c.number % 2 == 1 ? keep_finished(c.offsets, c.truncated_R)
                               : at::ones({c.offsets.back()}, at::kBool);
    advantages_T = spread_over_tokens(
        batch_scaled_advantages(c.scores_R, c.groups, moments(c.scores_R)), c.offsets);
    clip = c.clip();
    if (c.number % 3 == 0) clip.dual = 1.05 + c["high"];
    importance_T = importance().weights_T;
    // Responses that were cut off leave the tokens that are counted, but not the responses.
    counts = count_losses(c.offsets, kept_T);
    counts.responses = static_cast<double>(c.responses());
    counts.fixed_length = static_cast<double>(c.longest) + 2;
  }

  Correction importance() const {
    const RatioBounds bounds{.low = 1 / c["bound"], .high = c["bound"]};
    switch (c.number % 5) {
      case 1:
        return truncated_importance(c.old_T, c.rollout_T, c.offsets, ImportanceLevel::kToken,
                                    c["bound"]);
      case 2:
        return masked_importance(c.old_T, c.rollout_T, c.offsets, ImportanceLevel::kToken, bounds);
      case 3:
        return truncated_importance(c.old_T, c.rollout_T, c.offsets, ImportanceLevel::kSequence,
                                    c["bound"]);
      case 4:
        return masked_importance(c.old_T, c.rollout_T, c.offsets, ImportanceLevel::kSequence,
                                 bounds);
      default:
        return {at::ones_like(c.old_T), {}};
    }
  }
  at::Tensor weights(Aggregation kind) const {
    return aggregation_weights(c.offsets, kind, counts, kept_T);
  }
  at::Tensor kl_terms(const at::Tensor& x_T) const {
    const KlLoss config{.estimator = KlEstimator::kK3};
    const bool corrected = c.number % 4 != 2 && c.number % 2 == 1;
    return corrected ? kl_loss_terms(x_T, c.reference_T, c.old_T, config)
                     : kl_loss_terms(x_T, c.reference_T, config);
  }
  at::Tensor loss(const at::Tensor& x_T, Aggregation kind) const {
    const auto weights_T = weights(kind);
    const auto policy = c.number % 4 == 2 ? gspo_policy_loss(x_T, c.old_T, advantages_T, c.offsets,
                                                             clip, weights_T * importance_T)
                                          : ppo_policy_loss(x_T, c.old_T, advantages_T, clip,
                                                            weights_T * importance_T);
    return policy.sum + c["beta"] * (kl_terms(x_T) * weights_T).sum();
  }

  const OracleCase& c;
  at::Tensor kept_T, advantages_T, importance_T;
  PolicyClip clip;
  LossCounts counts;
};

TEST(LossOracle, GrpoOfTrl) {
  for_each_oracle_case([](const OracleCase& c) {
    const TrlGrpo grpo(c);
    const auto loss = [&](Aggregation kind) {
      return [&grpo, kind](const at::Tensor& x_T) { return grpo.loss(x_T, kind); };
    };
    c.expect_function("grpo.grpo", c.logprobs_T, loss(Aggregation::kSequenceMeanTokenMean));
    c.expect_function("grpo.dapo", c.logprobs_T, loss(Aggregation::kTokenMean));
    c.expect_function("grpo.dr_grpo", c.logprobs_T, loss(Aggregation::kFixedLength));
    c.expect_function("grpo.luspo", c.logprobs_T, loss(Aggregation::kSequenceMeanTokenSum));
    c.expect_function("grpo.cispo", c.logprobs_T, [&](const at::Tensor& x_T) {
      const PolicyClip bound{.low = 1, .high = c["high"]};  // from above only
      return cispo_policy_loss(x_T, c.old_T, grpo.advantages_T, bound,
                               grpo.weights(Aggregation::kTokenMean) * grpo.importance_T)
          .sum;
    });
  });
}

TEST(LossOracle, RlooOfTrl) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto kl_R = sum_responses(c.old_T - c.reference_T, c.offsets);
    const auto advantages_R = rloo_advantages(c.scores_R - c["beta"] * kl_R, c.groups);
    c.expect_projection(advantages_R, "rloo.advantages");
    const auto weights_T =
        aggregation_weights(c.offsets, Aggregation::kSequenceMeanTokenMean, c.counts());
    c.expect_function("rloo", c.logprobs_T, [&](const at::Tensor& x_T) {
      return sequence_policy_loss(x_T, c.old_T, spread_over_tokens(advantages_R, c.offsets),
                                  c.offsets, c.clip(), weights_T)
          .sum;
    });
  });
}

// trl's PPOTrainer puts the score on the position after the last token, whose value it trains, if
// the padded batch has such a position. Here such a response has one token more that is not one of
// the policy's.
struct TrlPpo {
  explicit TrlPpo(const OracleCase& a_case) : c(a_case) {
    std::vector<std::int64_t> real, last;
    for (std::int64_t r = 0; r < c.responses(); ++r) {
      const bool room = c.length(r) < static_cast<std::int64_t>(c.longest);
      for (std::int64_t t = 0; t < c.length(r); ++t) real.push_back(offsets.back() + t);
      offsets.push_back(offsets.back() + c.length(r) + (room ? 1 : 0));
      last.push_back(offsets.back() - 1);
    }
    real_T = at::tensor(real, at::kLong);
    last_R = at::tensor(last, at::kLong);
  }
  // T values and the R after them: where there is no room for it, that one is overwritten.
  at::Tensor extend(const at::Tensor& values_T, const at::Tensor& past_R) const {
    return at::zeros({offsets.back()}, at::kDouble)
        .index_copy(0, last_R, past_R)
        .index_copy(0, real_T, values_T);
  }
  at::Tensor rewards() const {
    const auto estimator = c.number % 3 == 2 ? KlEstimator::kK3 : KlEstimator::kK1;
    const auto penalty_T = -c["beta"] * kl_estimate(estimator, c.old_T, c.reference_T);
    const auto rewards_T =
        extend(penalty_T, at::zeros_like(c.scores_R)).index_add(0, last_R, c.scores_R);
    if (c.number % 4 != 3) return rewards_T;
    return whiten(rewards_T, moments(rewards_T), {.mean = WhitenMean::kKeep});
  }

  const OracleCase& c;
  std::vector<std::int64_t> offsets = {0};
  at::Tensor real_T, last_R;
};

TEST(LossOracle, PpoOfTrl) {
  for_each_oracle_case([](const OracleCase& c) {
    const TrlPpo ppo(c);
    const auto rewards_T = ppo.rewards();
    const auto old_values_T = ppo.extend(c.old_values_T, c.past_old_values_R);
    const auto result = gae(rewards_T, old_values_T, ppo.offsets, c["gamma"], c["lam"]);
    const auto real_advantages_T = result.advantages_T.index_select(0, ppo.real_T);
    const auto advantages_T = whiten(real_advantages_T, moments(real_advantages_T));

    c.expect_projection(rewards_T, "ppo.rewards");
    c.expect_projection(advantages_T, "ppo.advantages");
    c.expect_projection(result.returns_T.index_select(0, ppo.real_T), "ppo.returns");
    const auto policy = ppo_policy_loss(c.logprobs_T, c.old_T, advantages_T, c["low"]);
    c.expect(policy.clipped, "ppo.clipped");
    c.expect_function("ppo.policy", c.logprobs_T, [&](const at::Tensor& x_T) {
      return ppo_policy_loss(x_T, c.old_T, advantages_T, c["low"]).sum / c.tokens();
    });
    c.expect_function(
        "ppo.value", ppo.extend(c.values_T, c.past_values_R), [&](const at::Tensor& x_T) {
          return ppo_value_loss(x_T, old_values_T, result.returns_T, c["value_clip"]).sum /
                 static_cast<double>(ppo.offsets.back());
        });
  });
}

// An encoder-decoder by the old trainer of TRL 0.11.4: its first token, which it does not count,
// stays on the oracle's side.
TEST(LossOracle, Seq2SeqPpoOfTrl) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto estimator = c.number % 3 == 2 ? KlEstimator::kK2 : KlEstimator::kK1;
    const auto rewards_T =
        c.on_last_tokens(c.scores_R) - c["beta"] * kl_estimate(estimator, c.old_T, c.reference_T);
    const auto result = gae(rewards_T, c.old_values_T, c.offsets, c["gamma"], c["lam"]);
    const auto advantages_T = whiten(result.advantages_T, moments(result.advantages_T));

    c.expect_projection(rewards_T, "seq2seq.rewards");
    c.expect_projection(advantages_T, "seq2seq.advantages");
    c.expect_projection(result.returns_T, "seq2seq.returns");
    c.expect(ppo_policy_loss(c.logprobs_T, c.old_T, advantages_T, c["low"]).clipped,
             "seq2seq.clipped");
    c.expect_function("seq2seq.policy", c.logprobs_T, [&](const at::Tensor& x_T) {
      return ppo_policy_loss(x_T, c.old_T, advantages_T, c["low"]).sum / c.tokens();
    });
    c.expect_function("seq2seq.value", c.values_T, [&](const at::Tensor& x_T) {
      return ppo_value_loss(x_T, c.old_values_T, result.returns_T, c["value_clip"]).sum /
             c.tokens();
    });
  });
}

}  // namespace
}  // namespace alarm_dist::testing
