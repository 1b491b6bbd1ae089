// SPDX-License-Identifier: Apache-2.0
// A hundred random ragged batches through verl, OpenRLHF and TRL (tests/golden/make_rl.py): same
// tensors in, same advantages, losses and gradients out, to 1e-9 in float64.
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "alarm/rl/aggregate.hpp"
#include "alarm/rl/correction.hpp"
#include "alarm/rl/groups.hpp"
#include "alarm/rl/kl.hpp"
#include "alarm/rl/ppo.hpp"
#include "alarm/rl/surrogates.hpp"

#include "rl/numbers.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

using Json = nlohmann::json;

const Json& golden_file() {
  static const Json file = Json::parse(read_file(source_dir() / "tests/data/rl/golden.json"));
  return file;
}

// One batch: what went into the oracles and what came out.
class Case {
 public:
  explicit Case(const Json& json) : json_(json) {
    offsets.push_back(0);
    for (const std::int64_t length : json.at("lengths")) offsets.push_back(offsets.back() + length);
    groups = json.at("groups").get<std::vector<std::int64_t>>();
  }

  at::Tensor in(const std::string& name) const {
    return numbers(json_.at(name).get<std::vector<double>>());
  }
  double setting(const std::string& name) const { return json_.at(name); }
  double out(const std::string& name) const { return json_.at("golden").at(name); }
  std::vector<double> row(const std::string& name) const { return json_.at("golden").at(name); }
  double tokens() const { return static_cast<double>(offsets.back()); }
  PolicyClip clip() const { return {.low = setting("low"), .high = setting("high")}; }
  RatioBounds bounds() const { return {.low = 1 / setting("bound"), .high = setting("bound")}; }

  void expect_scalar(double actual, const std::string& name) const {
    EXPECT_NEAR(actual, out(name), kTolerance * std::max(1.0, std::abs(out(name)))) << name;
  }
  void expect_row(const at::Tensor& actual_T, const std::string& name) const {
    SCOPED_TRACE(name);
    expect_near(actual_T, row(name));
  }
  // A differentiable function of the input of that name, its value and its gradient.
  void expect_function(const std::string& input,
                       const std::function<at::Tensor(const at::Tensor&)>& function,
                       const std::string& value, const std::string& gradient) const {
    const at::Tensor x_T = in(input).requires_grad_(true);
    const at::Tensor result = function(x_T);
    result.backward();
    expect_scalar(scalar(result), value);
    expect_row(x_T.grad(), gradient);
  }

  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> groups;

 private:
  const Json& json_;
};

void for_each_case(const std::function<void(const Case&)>& check) {
  const auto& cases = golden_file().at("cases");
  ASSERT_EQ(cases.size(), 100U);
  for (std::size_t i = 0; i < cases.size() && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    check(Case(cases[i]));
  }
}

at::Tensor whitened(const at::Tensor& values_T) { return whiten(values_T, moments(values_T)); }

TEST(RlGolden, AdvantagesAndReturns) {
  for_each_case([](const Case& c) {
    const auto rewards_T =
        kl_penalized(c.in("rewards"), c.in("logprobs"), c.in("reference"), c.setting("beta"));
    c.expect_row(rewards_T, "penalized");
    const auto result =
        gae(rewards_T, c.in("old_values"), c.offsets, c.setting("gamma"), c.setting("lam"));
    c.expect_row(result.advantages_T, "advantages");
    c.expect_row(result.returns_T, "returns");
    c.expect_row(whitened(result.advantages_T), "whitened");
    c.expect_row(whiten(rewards_T, moments(rewards_T), {.mean = WhitenMean::kKeep}), "kept_mean");
  });
}

TEST(RlGolden, PolicyLosses) {
  for_each_case([](const Case& c) {
    const auto advantages_T = numbers(c.row("whitened"));
    const double low = c.setting("low");
    c.expect_function(
        "logprobs",
        [&](const at::Tensor& x_T) {
          return ppo_policy_loss(x_T, c.in("old"), advantages_T, low).sum / c.tokens();
        },
        "policy", "policy_gradient");
    auto dual = c.clip();
    dual.dual = c.setting("dual");
    c.expect_function(
        "logprobs",
        [&](const at::Tensor& x_T) {
          return ppo_policy_loss(x_T, c.in("old"), advantages_T, dual).sum / c.tokens();
        },
        "dual", "dual_gradient");
    const auto loss = ppo_policy_loss(c.in("logprobs"), c.in("old"), advantages_T, low);
    EXPECT_EQ(loss.clipped, c.out("clipped"));
    c.expect_scalar(loss.approximate_kl_sum / c.tokens(), "kl");
    EXPECT_NEAR(loss.ratio_sum, scalar((c.in("logprobs") - c.in("old")).exp().sum()), kTolerance);
  });
}

TEST(RlGolden, OtherSurrogates) {
  for_each_case([](const Case& c) {
    const auto scores_T =
        spread_over_tokens(sum_responses(c.in("rewards"), c.offsets) - .1, c.offsets);
    const auto weights_T = aggregation_weights(c.offsets, Aggregation::kSequenceMeanTokenMean,
                                               count_losses(c.offsets));
    c.expect_function(
        "logprobs",
        [&](const at::Tensor& x_T) {
          return gspo_policy_loss(x_T, c.in("old"), scores_T, c.offsets, c.clip(), weights_T).sum;
        },
        "gspo", "gspo_gradient");
    c.expect_function(
        "logprobs",
        [&](const at::Tensor& x_T) {
          return cispo_policy_loss(x_T, c.in("old"), numbers(c.row("whitened")), c.clip()).sum /
                 c.tokens();
        },
        "cispo", "cispo_gradient");
  });
}

TEST(RlGolden, Aggregations) {
  for_each_case([](const Case& c) {
    auto counts = count_losses(c.offsets);
    for (std::size_t r = 0; r + 1 < c.offsets.size(); ++r) {
      counts.fixed_length =
          std::max(counts.fixed_length, static_cast<double>(c.offsets[r + 1] - c.offsets[r]));
    }
    const auto aggregate = [&](const at::Tensor& x_T, Aggregation kind) {
      const auto weights_T = aggregation_weights(c.offsets, kind, counts);
      return ppo_policy_loss(x_T, c.in("old"), numbers(c.row("whitened")), c.clip(), weights_T).sum;
    };
    const auto logprobs_T = c.in("logprobs");
    c.expect_scalar(scalar(aggregate(logprobs_T, Aggregation::kTokenMean)), "token_mean");
    c.expect_scalar(scalar(aggregate(logprobs_T, Aggregation::kSequenceMeanTokenSum)),
                    "sequence_mean_token_sum");
    c.expect_scalar(scalar(aggregate(logprobs_T, Aggregation::kFixedLength)), "fixed_length");
    c.expect_function(
        "logprobs",
        [&](const at::Tensor& x_T) { return aggregate(x_T, Aggregation::kSequenceMeanTokenMean); },
        "sequence_mean_token_mean", "sequence_mean_gradient");
  });
}

TEST(RlGolden, ValueLosses) {
  for_each_case([](const Case& c) {
    const auto loss = [&](const at::Tensor& x_T, double clip) {
      return ppo_value_loss(x_T, c.in("old_values"), c.in("rewards"), clip);
    };
    const double clip = c.setting("value_clip");
    c.expect_function(
        "values", [&](const at::Tensor& x_T) { return loss(x_T, clip).sum / c.tokens(); }, "value",
        "value_gradient");
    EXPECT_EQ(loss(c.in("values"), clip).clipped, c.out("value_clipped"));
    c.expect_scalar(scalar(loss(c.in("values"), 0).sum) / c.tokens(), "value_free");
  });
}

TEST(RlGolden, GroupAdvantages) {
  for_each_case([](const Case& c) {
    const auto rewards_R = sum_responses(c.in("rewards"), c.offsets);
    c.expect_row(grpo_advantages(rewards_R, c.groups), "grpo");
    c.expect_row(group_centred(rewards_R, c.groups), "dr_grpo");
    c.expect_row(rloo_advantages(rewards_R, c.groups), "rloo");
    const auto to_go_T = reward_to_go(c.in("rewards"), c.offsets, c.setting("gamma"));
    c.expect_row(to_go_T, "reward_to_go");
    c.expect_row(whitened(to_go_T), "reinforce_plus_plus");
    c.expect_row(whitened(spread_over_tokens(group_centred(rewards_R, c.groups), c.offsets)),
                 "reinforce_plus_plus_baseline");
  });
}

TEST(RlGolden, Corrections) {
  for_each_case([](const Case& c) {
    const auto old_T = c.in("old");
    const auto rollout_T = c.in("rollout");
    const double cap = c.setting("cap");
    const auto token =
        truncated_importance(old_T, rollout_T, c.offsets, ImportanceLevel::kToken, cap);
    const auto icepop =
        masked_importance(old_T, rollout_T, c.offsets, ImportanceLevel::kToken, c.bounds());
    const auto geometric = geometric_rejection(old_T, rollout_T, c.offsets, c.bounds());
    c.expect_row(token.weights_T, "token_weights");
    c.expect_row(normalize_weights(token.weights_T, scalar(token.weights_T.sum()), c.tokens()),
                 "token_weights_normalized");
    c.expect_row(truncated_importance(old_T, rollout_T, c.offsets, ImportanceLevel::kSequence, cap)
                     .weights_T,
                 "sequence_weights");
    c.expect_row(icepop.weights_T, "icepop_weights");
    c.expect_row(geometric.kept_T.to(at::kDouble), "kept_geometric");
    c.expect_row(divergence_rejection(old_T, rollout_T, c.offsets, c.setting("k3_bound"))
                     .kept_T.to(at::kDouble),
                 "kept_k3");
    const auto corrected = [&](const Correction& correction) {
      const PolicyClip clip{.low = c.setting("low"), .high = c.setting("low")};
      const auto advantages_T = numbers(c.row("whitened"));
      return scalar(
                 ppo_policy_loss(c.in("logprobs"), old_T, advantages_T, clip, correction.weights_T)
                     .sum) /
             c.tokens();
    };
    c.expect_scalar(corrected(icepop), "openrlhf_icepop");
    c.expect_scalar(corrected(geometric), "openrlhf_geometric");
  });
}

TEST(RlGolden, KlEstimators) {
  for_each_case([](const Case& c) {
    const auto reference_T = c.in("reference");
    c.expect_scalar(scalar(kl_k1(c.in("logprobs"), reference_T).sum()), "k1");
    c.expect_function(
        "logprobs", [&](const at::Tensor& x_T) { return kl_k2(x_T, reference_T).sum(); }, "k2",
        "k2_gradient");
    c.expect_function(
        "logprobs", [&](const at::Tensor& x_T) { return kl_k3(x_T, reference_T).sum(); }, "k3",
        "k3_gradient");
  });
}

TEST(RlGolden, KlController) {
  ::alarm_dist::KlController controller({.coef = .2, .target = 6, .horizon = 10000});

  for (const auto& step : golden_file().at("controller")) {
    controller.update(step.at(0), step.at(1));
    EXPECT_NEAR(controller.coefficient(), step.at(2).get<double>(), kTolerance);
  }
}

}  // namespace
}  // namespace alarm_dist::testing
