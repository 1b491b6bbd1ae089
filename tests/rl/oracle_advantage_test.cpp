// SPDX-License-Identifier: Apache-2.0
// Advantages, penalties and sampling rules as verl 0.9.1, openrlhf 0.11.2 and trl 1.16.0 compute
// them (tests/golden/make_rl_oracles.py), 200 batches, 1e-9.
#include <ATen/core/Tensor.h>

#include "alarm/rl/groups.hpp"
#include "alarm/rl/overlong.hpp"

#include "rl/oracle_case.hpp"

namespace alarm_dist::testing {
namespace {

at::Tensor whitened(const at::Tensor& values_T) { return whiten(values_T, moments(values_T)); }

// OpenRLHF's: the biased variance, at least 1e-8 instead of 1e-8 more.
at::Tensor whitened_biased(const at::Tensor& values_T) {
  return whiten(values_T, moments(values_T), {.variance = Variance::kBiased, .epsilon = 0});
}

TEST(AdvantageOracle, Gae) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto result = gae(c.rewards_T, c.old_values_T, c.offsets, c["gamma"], c["lam"]);
    c.expect_projection(result.returns_T, "gae.returns");
    c.expect_projection(whitened(result.advantages_T), "gae.whitened");
  });
}

TEST(AdvantageOracle, Groups) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto rewards_R = sum_responses(c.rewards_T, c.offsets);
    const auto spread = [&](const at::Tensor& values_R) {
      return spread_over_tokens(values_R, c.offsets);
    };
    const auto to_go_T = reward_to_go(c.rewards_T, c.offsets, c["gamma"]);

    c.expect_projection(spread(grpo_advantages(rewards_R, c.groups)), "group.grpo");
    c.expect_projection(spread(group_centred(rewards_R, c.groups)), "group.dr_grpo");
    c.expect_projection(spread(rloo_advantages(rewards_R, c.groups)), "group.rloo");
    c.expect_projection(to_go_T, "group.reward_to_go");
    c.expect_projection(whitened(to_go_T), "group.reinforce_plus_plus");
    c.expect_projection(whitened(spread(group_centred(rewards_R, c.groups))), "group.baseline");
  });
}

TEST(AdvantageOracle, TrlGroupsAndScales) {
  for_each_oracle_case([](const OracleCase& c) {
    c.expect_projection(grpo_advantages(c.scores_R, c.groups, 1e-4), "grpo.advantages_group");
    c.expect_projection(group_centred(c.scores_R, c.groups), "grpo.advantages_none");
    c.expect_projection(batch_scaled_advantages(c.scores_R, c.groups, moments(c.scores_R)),
                        "grpo.advantages_batch");
  });
}

// OpenRLHF's whole way from scores to advantages, with the KL penalty a token.
TEST(AdvantageOracle, ExperienceOfOpenRlhf) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto penalized = [&](const at::Tensor& scores_R) {
      return kl_penalized(c.on_last_tokens(scores_R), c.logprobs_T, c.reference_T, c["beta"]);
    };
    const auto to_go = [&](const at::Tensor& scores_R, double gamma) {
      return reward_to_go(penalized(scores_R), c.offsets, gamma);
    };

    c.expect_projection(
        whitened_biased(gae(penalized(c.scores_R), c.old_values_T, c.offsets, c["gamma"], c["lam"])
                            .advantages_T),
        "experience.gae");
    c.expect_projection(whitened_biased(to_go(c.scores_R, c["gamma"])), "experience.reinforce");
    c.expect_projection(whitened_biased(to_go(group_centred(c.scores_R, c.groups), 1)),
                        "experience.reinforce_baseline");
    c.expect_projection(to_go(rloo_advantages(c.scores_R, c.groups), 1), "experience.rloo");
    c.expect_projection(to_go(grpo_advantages(c.scores_R, c.groups, 1e-9), 1),
                        "experience.group_norm");
  });
}

TEST(AdvantageOracle, OverlongPenalties) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto longest = static_cast<std::int64_t>(c.longest);
    c.expect_projection(overlong_penalties(c.offsets, {.longest_tokens = longest,
                                                       .buffer_tokens = 1 + c.number % longest,
                                                       .factor = c["beta"]}),
                        "overlong");
  });
}

TEST(AdvantageOracle, DynamicSampling) {
  for_each_oracle_case([](const OracleCase& c) {
    double dropped = 0;
    for (const auto group : constant_groups((c.scores_R > .25).to(at::kDouble), c.groups))
      dropped += std::pow(2, group);
    c.expect(dropped, "dynamic_sampling");
  });
}

}  // namespace
}  // namespace alarm_dist::testing
