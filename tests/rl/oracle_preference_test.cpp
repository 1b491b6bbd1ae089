// SPDX-License-Identifier: Apache-2.0
// Preference losses and their gradients by token as trl 1.16.0 (DPO, CPO and KTO trainers), trl
// 1.12.0 (XPO) and openrlhf 0.11.2 compute them (tests/golden/make_rl_oracles.py), 200 batches,
// 1e-9. The first half of a case's responses are chosen, the second rejected; KTO takes them all.
#include <ATen/core/Tensor.h>

#include "alarm/rl/groups.hpp"
#include "alarm/rl/preference.hpp"

#include "rl/oracle_case.hpp"

namespace alarm_dist::testing {
namespace {

ResponseLogprobs rows(const ResponseLogprobs& all, std::int64_t begin, std::int64_t end) {
  return {all.sums_R.slice(0, begin, end), all.tokens_R.slice(0, begin, end)};
}

PairLogprobs pairs_of(const OracleCase& c, const at::Tensor& logprobs_T) {
  const auto all = response_logprobs(logprobs_T, c.offsets);
  const std::int64_t pairs = c.responses() / 2;
  return {rows(all, 0, pairs), rows(all, pairs, 2 * pairs)};
}

// The mean loss of pairs as a function of the policy's log-probabilities.
using PairLoss = std::function<PreferenceLoss(const PairLogprobs&, const PairLogprobs&)>;
OracleCase::Function mean_loss(const OracleCase& c, const PairLoss& loss) {
  return [&c, loss](const at::Tensor& x_T) {
    return loss(pairs_of(c, x_T), pairs_of(c, c.reference_T)).losses_P.mean();
  };
}

TEST(PreferenceOracle, Dpo) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto dpo = [&](double smoothing, LabelNoise noise) {
      return [=, &c](const PairLogprobs& policy, const PairLogprobs& reference) {
        return dpo_loss(policy, reference,
                        {.beta = c["beta"], .label_smoothing = smoothing, .noise = noise});
      };
    };
    const auto plain = dpo(0, LabelNoise::kConservative);
    c.expect_function("dpo", c.logprobs_T, mean_loss(c, plain));
    c.expect_function("cdpo", c.logprobs_T,
                      mean_loss(c, dpo(c["smoothing"], LabelNoise::kConservative)));
    c.expect_function("robust", c.logprobs_T,
                      mean_loss(c, dpo(c["smoothing"], LabelNoise::kRobust)));
    const auto result = plain(pairs_of(c, c.logprobs_T), pairs_of(c, c.reference_T));
    c.expect(count_ranked(result), "dpo.ranked");
    c.expect(scalar(result.chosen_rewards_P.mean()), "dpo.chosen");
  });
}

TEST(PreferenceOracle, Ipo) {
  for_each_oracle_case([](const OracleCase& c) {
    const auto ipo = [&](LogprobScale scale) {
      return mean_loss(c, [&c, scale](const PairLogprobs& policy, const PairLogprobs& reference) {
        return ipo_loss(policy, reference, {.beta = c["beta"], .scale = scale});
      });
    };
    c.expect_function("ipo_sum", c.logprobs_T, ipo(LogprobScale::kSum));
    c.expect_function("ipo_mean", c.logprobs_T, ipo(LogprobScale::kMean));
  });
}

TEST(PreferenceOracle, Simpo) {
  for_each_oracle_case([](const OracleCase& c) {
    const SimpoConfig config{.beta = 2 * c["beta"],
                             .margin = c["margin"],
                             .label_smoothing = c.number % 2 == 1 ? c["smoothing"] : 0};
    c.expect_function("simpo", c.logprobs_T, [&](const at::Tensor& x_T) {
      return simpo_loss(pairs_of(c, x_T), config).losses_P.mean();
    });
  });
}

TEST(PreferenceOracle, Kto) {
  for_each_oracle_case([](const OracleCase& c) {
    const double baseline =
        kto_baseline(scalar((c.rollout_T - c.old_T).sum()), static_cast<double>(c.responses()));
    const KtoConfig config{
        .beta = c["beta"], .desirable_weight = c["good"], .undesirable_weight = c["bad"]};
    const auto reference = response_logprobs(c.reference_T, c.offsets);

    c.expect(baseline, "kto.baseline");
    c.expect_function("kto", c.logprobs_T, [&](const at::Tensor& x_T) {
      const auto policy = response_logprobs(x_T, c.offsets);
      return kto_loss(policy, reference, c.desirable_R, baseline, config).losses_R.mean();
    });
  });
}

// XPO's bonus is SELM's term with alpha_XPO = alpha * beta but for the reference's part of it,
// which is constant. What the reference sampled is one of the pair, and `desirable` says which.
TEST(PreferenceOracle, SelmIsXpo) {
  for_each_oracle_case([](const OracleCase& c) {
    const std::int64_t pairs = c.responses() / 2;
    const auto own = c.desirable_R.slice(0, 0, pairs);  // whether the model's answer is the chosen
    const auto choose = [&](const PairLogprobs& both, const at::Tensor& first) {
      return ResponseLogprobs{at::where(first, both.chosen.sums_R, both.rejected.sums_R),
                              at::where(first, both.chosen.tokens_R, both.rejected.tokens_R)};
    };
    const auto ranked = [&](const at::Tensor& logprobs_T) {
      const auto both = pairs_of(c, logprobs_T);
      return PairLogprobs{choose(both, own), choose(both, own.logical_not())};
    };
    const auto sampled_reference = pairs_of(c, c.reference_T).rejected;
    const SelmConfig config{.beta = c["beta"], .alpha = c["margin"]};
    const auto constant_P = config.alpha * config.beta * sampled_reference.sums_R;

    c.expect_function("xpo", c.logprobs_T, [&](const at::Tensor& x_T) {
      const auto loss = dpo_loss(ranked(x_T), ranked(c.reference_T), {.beta = c["beta"]});
      const auto optimism_P = selm_optimism(pairs_of(c, x_T).rejected, sampled_reference, config);
      return (loss.losses_P + optimism_P + constant_P).mean();
    });
  });
}

}  // namespace
}  // namespace alarm_dist::testing
