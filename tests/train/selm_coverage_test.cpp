// SPDX-License-Identifier: Apache-2.0
// Whether SELM tries more of the possible responses than DPO does: one prompt with 50 responses of
// known reward, a policy that is a table of logits. Generation, choice of pairs, losses and the
// optimiser are the program's. There are three DPOs, from the same seeds: one by the same plan (its
// first sample greedy, its reference the previous iterate), so that the optimistic term is all that
// differs; one that draws all its samples; and that one with the initial policy as reference, which
// is the preset.
//
// In a table the gradient of that term is alpha beta (e_s - pi), that of a pair at the beginning of
// an iteration beta (e_chosen - e_rejected) / 2: the logit of a greedy y_s that wins its pair moves
// by beta (1/2 - alpha (1 - pi_s)) for each unit of the rate. It falls where alpha (1 - pi_s) is
// more than 1/2, and where y_s has no pair.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alarm/base/log.hpp"
#include "alarm/base/random.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/train/learner.hpp"

#include "support/tabular_lm.hpp"

namespace alarm_dist::testing {
namespace {

constexpr std::int64_t kResponses = 50, kSamples = 4, kSteps = 40, kSeeds = 20;
constexpr double kBeta = 0.5, kRate = 1;
// Student's t with kSeeds - 1 degrees of freedom is beyond this with a probability of 0.5%.
constexpr double kSignificant = 2.861;

struct Variant {
  std::string kind = "selm";
  double alpha = 0;
  FirstSample first_sample = FirstSample::kGreedy;
  std::int64_t epochs = 4;
  ReferenceKind reference = ReferenceKind::kReset;
};

const Variant kSamePlan{.kind = "dpo"};
const Variant kAllSampled{.kind = "dpo", .first_sample = FirstSample::kSampled};
const Variant kPreset{
    .kind = "dpo", .first_sample = FirstSample::kSampled, .reference = ReferenceKind::kFrozen};

TrainConfig make_config(const Variant& variant) {
  TrainConfig config;
  config.run.steps = kSteps;
  config.rollout.batch = config.rollout.samples_per_prompt = kSamples;
  config.rollout.sampling.max_new_tokens = 1;
  config.algorithm.kind = variant.kind;
  config.algorithm.preference = {.beta = kBeta, .first_sample = variant.first_sample};
  if (variant.kind == "selm") config.algorithm.preference.alpha = variant.alpha;
  config.algorithm.reference.kind = variant.reference;
  if (variant.reference == ReferenceKind::kReset) config.algorithm.reference.every = 1;
  config.algorithm.minibatch = kSamples;
  config.algorithm.epochs = variant.epochs;
  config.optimizer.kind = OptimizerKind::kSgd;
  config.optimizer.beta1 = 0;
  config.optimizer.lr = kRate;
  config.optimizer.max_grad_norm = 0;
  return config;
}

std::vector<double> draw_normals(std::int64_t seed, std::uint32_t which) {
  std::vector<double> numbers;
  for (std::uint32_t i = 0; i < kResponses; ++i) {
    numbers.push_back(
        draw_normal({.seed = static_cast<std::uint64_t>(seed), .step = which, .sample = i}));
  }
  return numbers;
}

// A policy that has settled on one response gives many steps without a pair: not worth a line each.
class SelmCoverage : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { log::init(0, log::Level::kError); }
};

// A bandit: rewards of the responses, and a policy that begins with logits as spread.
class Bandit {
 public:
  explicit Bandit(std::int64_t seed)
      : seed_(seed),
        rewards_(draw_normals(seed, 0)),
        policy_(PrefixTree({.prompts = 1, .vocabulary = kResponses, .response_tokens = 1}),
                at::tensor(draw_normals(seed, 1), at::kDouble).view({1, kResponses}),
                at::tensor(draw_normals(seed, 1), at::kDouble).view({1, kResponses})) {}

  const TabularLm& policy() const { return policy_; }
  std::vector<double> logits() const { return values(policy_.table_NV()); }
  std::vector<double> probabilities() const { return values(at::softmax(policy_.table_NV(), -1)); }
  // What is lost against the best response.
  double gap(std::int64_t response) const {
    return std::ranges::max(rewards_) - rewards_[static_cast<std::size_t>(response)];
  }
  double mean_gap() const {
    const auto p = probabilities();
    return std::ranges::max(rewards_) -
           std::inner_product(p.begin(), p.end(), rewards_.begin(), 0.0);
  }

  std::vector<Rollout> sample(std::int64_t step, const TrainConfig& config) const {
    std::vector<GenerationRequest> requests;
    for (std::uint32_t i = 0; i < kSamples; ++i) {
      requests.push_back({.prompt = {0}, .sample_id = i});
      requests.back().greedy =
          i == 0 && config.algorithm.preference.first_sample == FirstSample::kGreedy;
    }
    const auto generations = generate(
        policy_, requests, config.rollout.sampling,
        {.seed = static_cast<std::uint64_t>(seed_), .step = static_cast<std::uint32_t>(step)});
    std::vector<Rollout> rollouts(requests.size());
    for (std::size_t i = 0; i < rollouts.size(); ++i) {
      rollouts[i].step = step;
      rollouts[i].sample_id = requests[i].sample_id;
      rollouts[i].greedy = requests[i].greedy;
      rollouts[i].prompt = requests[i].prompt;
      rollouts[i].response = generations[i].tokens;
      rollouts[i].policy_logprobs = generations[i].policy_logprobs;
    }
    return rollouts;
  }

  std::vector<ComposedReward> reward(const std::vector<Rollout>& rollouts) const {
    std::vector<ComposedReward> rewards(rollouts.size());
    for (std::size_t i = 0; i < rollouts.size(); ++i)
      rewards[i].rewards = {rewards_[static_cast<std::size_t>(rollouts[i].response.front())]};
    return rewards;
  }

 private:
  static std::vector<double> values(const at::Tensor& table_NV) {
    const at::Tensor flat = table_NV.detach().contiguous();
    return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
  }

  std::int64_t seed_;
  std::vector<double> rewards_;
  TabularLm policy_;
};

struct Course {
  double tried = 0;   // distinct responses
  double regret = 0;  // sum over the steps of the samples' mean gap
  double gap = 0;     // of the last policy, expected
  std::vector<double> logits;
};

Course run(const Variant& variant, std::int64_t seed, std::int64_t steps = kSteps) {
  Course course;
  run_thread_world(1, [&](World& world) {
    const auto config = make_config(variant);
    const Bandit bandit(seed);
    auto& alone = world.communicator();
    Learner learner(bandit.policy(), {.host = &alone, .device = &alone}, config);
    std::set<std::int64_t> tried;
    for (std::int64_t step = 0; step < steps; ++step) {
      const auto rollouts = bandit.sample(step, config);
      for (const auto& rollout : rollouts) {
        tried.insert(rollout.response.front());
        course.regret += bandit.gap(rollout.response.front()) / kSamples;
      }
      learner.update(step, rollouts, bandit.reward(rollouts));
    }
    course.tried = static_cast<double>(tried.size());
    course.gap = bandit.mean_gap();
    course.logits = bandit.logits();
  });
  return course;
}

// Each variant once, for all tests.
const std::vector<Course>& run_seeds(const Variant& variant) {
  static std::map<std::tuple<std::string, double, FirstSample, ReferenceKind>, std::vector<Course>>
      known;
  auto& courses = known[{variant.kind, variant.alpha, variant.first_sample, variant.reference}];
  for (auto seed = std::ssize(courses) + 1; seed <= kSeeds; ++seed)
    courses.push_back(run(variant, seed));
  return courses;
}

// Seed by seed.
struct Paired {
  double mean = 0, error = 0;
  std::int64_t more = 0, less = 0;
  double t() const { return mean / error; }
};

Paired compare(const std::vector<Course>& a, const std::vector<Course>& b, double Course::*what) {
  Paired result;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = a[i].*what - b[i].*what;
    result.mean += difference / kSeeds;
    squares += difference * difference;
    result.more += difference > 0;
    result.less += difference < 0;
  }
  result.error = std::sqrt((squares - kSeeds * result.mean * result.mean) / (kSeeds - 1) / kSeeds);
  return result;
}

double mean(const std::vector<Course>& courses, double Course::*what) {
  double sum = 0;
  for (const auto& course : courses) sum += course.*what;
  return sum / static_cast<double>(courses.size());
}

// A row of the table in docs/method.md.
void print_row(const Variant& variant, const std::vector<Course>& courses,
               const std::vector<Course>& dpo) {
  const auto tried = compare(courses, dpo, &Course::tried);
  const auto regret = compare(courses, dpo, &Course::regret);
  fmt::print(
      "{:<4} alpha {:4.1f} first {:<7} reference {:<6} tried {:5.2f} ({:+.2f} +- {:.2f}, more {:2} "
      "less {:2})  "
      "regret {:5.2f} ({:+.2f} +- {:.2f})  last policy's gap {:.3f}\n",
      variant.kind, variant.alpha,
      variant.first_sample == FirstSample::kGreedy ? "greedy" : "sampled",
      variant.reference == ReferenceKind::kReset ? "reset" : "frozen",
      mean(courses, &Course::tried), tried.mean, tried.error, tried.more, tried.less,
      mean(courses, &Course::regret), regret.mean, regret.error, mean(courses, &Course::gap));
}

TEST_F(SelmCoverage, WithoutOptimismItIsDpo) {
  const auto dpo = run(kSamePlan, 3).logits, selm = run({.alpha = 0}, 3).logits;

  for (std::size_t i = 0; i < dpo.size(); ++i) EXPECT_NEAR(selm[i], dpo[i], 1e-12);
}

// One gradient step beside that of the pair: - alpha beta (e_s - pi), s the likeliest response.
TEST_F(SelmCoverage, OptimismLowersTheGreedyResponseByTheClosedForm) {
  const double alpha = 0.3;
  for (std::int64_t seed = 1; seed <= 5; ++seed) {
    const auto p = Bandit(seed).probabilities();
    const auto greedy = static_cast<std::size_t>(std::ranges::max_element(p) - p.begin());

    const auto dpo = run({.kind = "dpo", .epochs = 1}, seed, 1).logits;
    const auto selm = run({.alpha = alpha, .epochs = 1}, seed, 1).logits;

    for (std::size_t i = 0; i < p.size(); ++i) {
      const double expected = -kRate * alpha * kBeta * ((i == greedy ? 1 : 0) - p[i]);
      EXPECT_NEAR(selm[i] - dpo[i], expected, 1e-14) << "seed " << seed << " response " << i;
    }
  }
}

TEST_F(SelmCoverage, TriesMoreResponsesThanDpoByTheSamePlanAndFewerWithTheWrongSign) {
  const auto& dpo = run_seeds(kSamePlan);
  print_row(kSamePlan, dpo, dpo);
  for (const double alpha : {-1.0, -0.5, 0.1, 0.3, 0.5, 1.0}) {
    const Variant variant{.alpha = alpha};
    const auto& selm = run_seeds(variant);
    print_row(variant, selm, dpo);
    const auto tried = compare(selm, dpo, &Course::tried);

    if (alpha >= 0.3) {
      EXPECT_GT(tried.t(), kSignificant) << alpha;
    } else if (alpha == -1) {
      EXPECT_LT(tried.t(), -kSignificant);
    }
  }
}

// A DPO that draws all its samples tries more than one whose first is greedy, and the preset most.
TEST_F(SelmCoverage, TriesMoreResponsesThanADpoThatSamplesOnlyWithALargeAlpha) {
  for (const auto& dpo_variant : {kAllSampled, kPreset}) {
    const auto& dpo = run_seeds(dpo_variant);
    const double more_from = dpo_variant.reference == ReferenceKind::kFrozen ? 1 : 0.5;
    print_row(dpo_variant, dpo, dpo);
    for (const double alpha : {0.1, 0.3, 0.5, 1.0}) {
      const Variant variant{.alpha = alpha};
      const auto& selm = run_seeds(variant);
      print_row(variant, selm, dpo);

      if (alpha >= more_from) {
        EXPECT_GT(compare(selm, dpo, &Course::tried).t(), kSignificant) << alpha;
      }
    }
  }
}

// Where y_s is drawn like the others, the term's mean is 0 at the reference.
TEST_F(SelmCoverage, GainsLessWhereTheReferenceResponseIsSampled) {
  const Variant selm_variant{.alpha = 0.5, .first_sample = FirstSample::kSampled};
  const auto &dpo = run_seeds(kAllSampled), &selm = run_seeds(selm_variant);
  print_row(selm_variant, selm, dpo);

  const auto& greedy = run_seeds({.alpha = 0.5});

  EXPECT_GT(compare(greedy, selm, &Course::tried).t(), kSignificant);
}

// Two prompts in a mini-batch, of which the second has samples of one reward: no pair, only y_s.
struct TwoPrompts {
  static constexpr std::int64_t kVocabulary = 5;
  PrefixTree tree{{.prompts = 2, .vocabulary = kVocabulary, .response_tokens = 1}};
  TabularLm policy{tree, at::sin(at::arange(2.0 * kVocabulary, at::kDouble)).view({2, kVocabulary}),
                   at::zeros({2, kVocabulary}, at::kDouble)};

  static std::vector<Rollout> rollouts() {
    std::vector<Rollout> all;
    for (std::uint32_t i = 0; i < 4; ++i) {
      Rollout rollout;
      rollout.sample_id = i;
      rollout.prompt_group = i / 2;
      rollout.greedy = i % 2 == 0;
      rollout.prompt = {rollout.prompt_group};
      rollout.response = {i};
      rollout.policy_logprobs = {-1.0F};
      all.push_back(rollout);
    }
    return all;
  }
  // After one step of the optimiser.
  at::Tensor learn(Variant variant) const {
    variant.epochs = 1;
    auto config = make_config(variant);
    config.rollout = {.batch = 4, .samples_per_prompt = 2, .sampling = config.rollout.sampling};
    config.algorithm.minibatch = 4;
    std::vector<ComposedReward> rewards(4);
    for (std::size_t i = 0; i < rewards.size(); ++i) rewards[i].rewards = {i == 0 ? 1.0 : 0.0};
    run_thread_world(1, [&](World& world) {
      auto& alone = world.communicator();
      Learner learner(policy, {.host = &alone, .device = &alone}, config);
      learner.update(0, rollouts(), rewards);
    });
    return policy.table_NV().detach().clone();
  }
};

TEST_F(SelmCoverage, WithoutOptimismPromptsWithoutAPairChangeNothing) {
  const auto dpo_NV = TwoPrompts().learn(kSamePlan), selm_NV = TwoPrompts().learn({.alpha = 0});

  EXPECT_GT((dpo_NV - TwoPrompts().policy.table_NV()).abs().max().item<double>(), 0.1);
  EXPECT_LT((selm_NV - dpo_NV).abs().max().item<double>(), 1e-14);
}

// Optimism is a mean over the prompts: -alpha beta (e_s - pi) / 2 for each of two.
TEST_F(SelmCoverage, OptimismIsAMeanOverPromptsWithOrWithoutAPair) {
  const double alpha = 0.3;
  const auto before_NV = TwoPrompts().policy.table_NV().detach();
  const auto dpo_NV = TwoPrompts().learn(kSamePlan), selm_NV = TwoPrompts().learn({.alpha = alpha});
  at::Tensor greedy_NV = at::zeros_like(before_NV);
  greedy_NV[0][0] = greedy_NV[1][2] = 1;

  const auto expected_NV =
      dpo_NV - kRate * alpha * kBeta * (greedy_NV - at::softmax(before_NV, -1)) / 2;

  EXPECT_LT((selm_NV - expected_NV).abs().max().item<double>(), 1e-14);
}

}  // namespace
}  // namespace alarm_dist::testing
