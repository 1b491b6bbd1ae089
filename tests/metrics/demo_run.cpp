// SPDX-License-Identifier: Apache-2.0
#include "metrics/demo_run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "alarm/base/random.hpp"
#include "alarm/metrics/metrics_writer.hpp"
#include "alarm/metrics/run_files.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

constexpr const char* kHostile = "</pre><script>alert('x')</script>\"&";

double noise(int a, int b) {
  return draw_normal(
      {.seed = 7, .step = static_cast<std::uint32_t>(a), .sample = static_cast<std::uint32_t>(b)});
}

Scalars reward_metrics(int k, double t) {
  const double holistic = -0.1 + 0.9 * (1 - std::exp(-2.5 * t)) + 0.18 * noise(k, 1);
  const double relevance = 0.42 + 0.12 * t + 0.05 * noise(k, 2);
  return {{"reward/total", 5 * holistic + relevance},
          {"reward/holistic", holistic},
          {"reward/relevance", relevance},
          {"reward/grammar", 0.81 + 0.03 * t + 0.02 * noise(k, 3)},
          {"reward/gated_fraction", std::clamp(0.25 + 0.45 * t + 0.06 * noise(k, 4), 0.0, 1.0)},
          {"tokens/prompt", 290 + 6 * noise(k, 13)},
          {"tokens/response", 59 + 2.8 * noise(k, 14)},
          {"tokens/ended_fraction", 0.9}};
}

Scalars learner_metrics(int k, double t) {
  return {{"kl/k1", 0.02 + 2.6 * t * t + 0.12 * noise(k, 7)},
          {"kl/k3", 0.02 + 2.5 * t * t + 0.05 * noise(k, 8)},
          {"kl/coef", 0.2 * (1 - 0.1 * t)},
          {"entropy", 1.9 - 0.5 * t + 0.05 * noise(k, 5)},
          {"loss/policy", -0.01 + 0.012 * noise(k, 6)},
          {"loss/value", 3.1 * std::exp(-3 * t) + 0.4 + 0.15 * std::abs(noise(k, 9))},
          {"clip_fraction", std::abs(0.08 + 0.03 * noise(k, 10))},
          {"approximate_kl", 0.03 + 0.01 * std::abs(noise(k, 20))},
          {"grad_norm", 1.2 + 0.3 * std::abs(noise(k, 11))},
          {"explained_variance", 0.6 * t + 0.05 * noise(k, 21)},
          {"logprob_gap/max", 2e-5 + 1e-5 * std::abs(noise(k, 12))}};
}

Scalars cost_metrics(int k) {
  return {{"time/rollout_s", 8.6},
          {"time/learn_s", 11.5},
          {"time/generate_s", 6.2 + 0.3 * noise(k, 15)},
          {"time/score_s", 1.1 + 0.1 * noise(k, 16)},
          {"time/wait_s", 0.4},
          {"time/reference_s", 2.4 + 0.1 * noise(k, 17)},
          {"time/update_s", 9.0 + 0.2 * noise(k, 18)},
          {"time/sync_s", 0.2},
          {"time/step_s", 20.3},
          {"throughput/tokens_per_s", 560 + 20 * noise(k, 19)},
          {"memory/rss_bytes", 2.1e9 + 1e7 * k},
          {"weights_version", static_cast<double>(k)}};
}

void write_metrics(const std::filesystem::path& dir, int steps) {
  MetricsWriter writer(dir);
  for (int k = 1; k <= steps; ++k) {
    const double t = static_cast<double>(k) / steps;
    Scalars values = reward_metrics(k, t);
    for (const auto& more : {learner_metrics(k, t), cost_metrics(k)})
      values.insert(values.end(), more.begin(), more.end());
    if (k == 1 || k % 10 == 0) {
      values.emplace_back("eval/reward/holistic", -0.05 + 0.7 * (1 - std::exp(-2.5 * t)));
      values.emplace_back("eval/reward/relevance", 0.41 + 0.1 * t);
      values.emplace_back("time/evaluate_s", 31);
    }
    writer.write(k, values);
  }
}

// Words of made-up responses, a token each; the last token is the end of the sequence.
std::vector<std::string> words(int prompt, bool after) {
  static const std::array<std::string, 24> kWords{
      "The",        " authors",   " propose",   " a",       " neural",  " model",
      " that",      " parses",    " sentences", " jointly", " with",    " their",
      " discourse", " relations", ",",          " and",     " improve", " the",
      " state",     " of",        " art",       " by",      " 2.1",     " points"};
  std::vector<std::string> tokens;
  const int count = (after ? 34 : 46) + static_cast<int>(6 * noise(prompt, after ? 31 : 32));
  for (int i = 0; i < count; ++i) {
    const bool ends = i % 14 == 13 || i == count - 1;
    const auto word = draw_below({.seed = 9,
                                  .step = after ? 1U : 0U,
                                  .sample = static_cast<std::uint32_t>(prompt),
                                  .token = static_cast<std::uint32_t>(i)},
                                 kWords.size());
    tokens.push_back(ends ? "." : i % 14 == 0 ? (i == 0 ? "" : " ") + kWords[0] : kWords[word]);
  }
  tokens.emplace_back();
  return tokens;
}

SampleRecord make_sample(int prompt, const std::string& phase, int step, bool after) {
  static const std::array<std::string, 3> kAspects{"challenge", "approach", "outcome"};
  SampleRecord sample{.step = step, .sample_id = prompt, .phase = phase};
  sample.record_id = fmt::format("P{:02}-{}", 10 + prompt / 3, 1001 + prompt / 3);
  sample.aspect = kAspects[static_cast<std::size_t>(prompt % 3)];
  sample.prompt = fmt::format(
      "Summarise the {} of this paper in one or two sentences.\n\nAbstract: We present a parser "
      "that builds sentence and "
      "discourse structure at once. Earlier systems chain the two steps and pass on their "
      "errors...",
      sample.aspect);
  sample.reference =
      "They propose a joint parser for sentences and discourse that avoids passing errors along a "
      "chain.";
  sample.finish = prompt % 17 == 5 ? "length" : "end_of_sequence";
  sample.tokens = words(prompt, after);
  for (const auto& token : sample.tokens) sample.response += token;
  sample.holistic = (after ? 0.7 : -0.1) + 0.8 * noise(prompt, after ? 41 : 42);
  sample.passed = sample.holistic >= 0.6;
  const auto count = sample.tokens.size();
  auto& holistic = sample.components["holistic"];
  auto& relevance = sample.components["relevance"];
  holistic.assign(count, 0);
  relevance.assign(count, 0);
  holistic.back() = 5 * sample.holistic;
  for (std::size_t i = 0; i < count; ++i) {
    if (sample.tokens[i] == "." && sample.passed)
      relevance[i] = 0.5 + 0.3 * noise(prompt, 50 + static_cast<int>(i));
    sample.rewards.push_back(holistic[i] + relevance[i]);
  }
  sample.marks = {{12, 20}};
  return sample;
}

void write_samples(const std::filesystem::path& dir, const DemoOptions& options) {
  SampleWriter writer(dir);
  for (int p = 0; p < options.prompts; ++p) {
    auto before = make_sample(p, "before", 0, false);
    if (options.has_hostile_text)
      before.prompt = before.response = before.tokens[0] = before.record_id = kHostile;
    writer.write(before);
  }
  for (int k = 1; k <= options.steps; ++k) {
    for (int i = 0; i < 4; ++i)
      writer.write(make_sample(1000 + 4 * k + i, "train", k, k > options.steps / 2));
  }
  for (int p = 0; p < options.prompts; ++p) {
    auto after = make_sample(p, "after", options.steps, true);
    if (options.has_hostile_text) after.record_id = after.reference = kHostile;
    writer.write(after);
  }
}

PairedValues make_values(int prompts, int stream, double before, double after, double spread) {
  PairedValues values;
  for (int p = 0; p < prompts; ++p) {
    values.before.push_back(before + spread * noise(p, stream));
    values.after.push_back(after + spread * (0.5 * noise(p, stream) + 0.8 * noise(p, stream + 1)));
  }
  return values;
}

void write_evaluation_of(const std::filesystem::path& dir, const DemoOptions& options) {
  Evaluation evaluation{.split = options.has_hostile_text ? kHostile : "test"};
  const int n = options.prompts;
  evaluation.add(options.has_hostile_text ? kHostile : "holistic", RowRole::kHolistic,
                 make_values(n, 60, -0.08, 0.66, 1.0), 42);
  evaluation.add("relevance", RowRole::kAspect, make_values(n, 62, 0.44, 0.52, 0.18), 42);
  evaluation.add("grammar", RowRole::kOther, make_values(n, 64, 0.83, 0.835, 0.06), 42);
  evaluation.add("length", RowRole::kOther, make_values(n, 66, 59, 47, 11), 42);
  write_evaluation(dir, evaluation);
}

void write_reward_models_of(const std::filesystem::path& dir) {
  const std::vector<RewardModelSummary> models{{.name = "holistic",
                                                .kind = "pairs, Bradley-Terry",
                                                .accuracy = {{"other aspect", 168, 240},
                                                             {"other paper", 117, 120},
                                                             {"model written", 101, 120},
                                                             {"shuffled words", 59, 60},
                                                             {"cut short", 53, 60},
                                                             {"all", 498, 600}},
                                                .seconds = 212},
                                               {.name = "relevance",
                                                .kind = "labelled sentences",
                                                .accuracy = {{"all", 471, 600}},
                                                .auc = 0.842,
                                                .seconds = 95},
                                               {.name = "grammar",
                                                .kind = "link-grammar, share of linked words",
                                                .accuracy = {},
                                                .seconds = 0}};
  write_reward_models(dir, models);
}

}  // namespace

void write_demo_run(const std::filesystem::path& run_dir, const DemoOptions& options) {
  std::filesystem::create_directories(run_dir);
  const std::string name = options.has_hostile_text ? kHostile : "aclsum-hierarchical";
  write_file(
      run_dir / "config.yaml",
      fmt::format(
          "run:\n  name: {}\n  seed: 42\n  steps: {}\ntask:\n  name: aclsum\npolicy:\n  model: "
          "models/smollm2-135m-instruct\nrewards:\n  compose:\n    kind: hierarchical\n    "
          "threshold: 0.6\n"
          "    use: [relevance]\nalgorithm:\n  kind: ppo\n  kl:\n    target: 6\n",
          name, options.steps));
  write_file(
      run_dir / "provenance.json",
      R"({"version": "0.1.0", "git": "9178c7d", "world": 2, "placement": "colocated", "hosts": ["node1"],
 "versions": {"libtorch": "2.11.0", "mpi": "Open MPI 4.1.4"}, "seed": 42,
 "digests": {"policy": "99aa06d3014798d86001c324468d497f"}})");
  write_metrics(run_dir, options.steps);
  write_samples(run_dir, options);
  write_evaluation_of(run_dir, options);
  write_reward_models_of(run_dir);
}

}  // namespace alarm_dist::testing
