// SPDX-License-Identifier: Apache-2.0
// What a Trainer tells about a step: rewards, costs, samples, and the comparison at the end.
#include <algorithm>
#include <cstdio>

#include <ATen/ATen.h>

#include "alarm/base/log.hpp"
#include "alarm/base/stop_signal.hpp"
#include "alarm/metrics/report.hpp"
#include "alarm/train/trainer.hpp"

#include "train/memory.hpp"
#include "train/step_flops.hpp"

namespace alarm_dist {
namespace {

constexpr std::int64_t kSamplesAStep = 4;  // written to samples.jsonl

// What a step cost this rank, and whether the rank was asked to stop meanwhile.
struct RankCost {
  double generate_s = 0, score_s = 0, wait_s = 0, resident = 0, device = 0, stop = 0;
};

// Field by field.
RankCost largest_over_ranks(World& world, const RankCost& mine) {
  at::Tensor all = at::tensor(
      {mine.generate_s, mine.score_s, mine.wait_s, mine.resident, mine.device, mine.stop},
      at::kDouble);
  world.communicator().all_reduce(all, ReduceOp::kMax);
  const auto* value = all.const_data_ptr<double>();
  return {value[0], value[1], value[2], value[3], value[4], value[5]};
}

// Each prompt once, as it is computed.
StepWork work_of(const Harvest& harvested, PolicyLossKind loss, Trained trained, double epochs) {
  // Generation, the policy's log-probabilities and the reference's. Answers that came with the data
  // were not generated, and SFT compares with no reference.
  const double passes = loss == PolicyLossKind::kSupervised ? 1 : harvested.given.empty() ? 3 : 2;
  StepWork work{
      .passes = passes, .epochs = epochs, .backward = trained == Trained::kWeights ? 2.0 : 1.0};
  std::int64_t last_group = -1;
  for (const auto& rollout : harvested.rollouts) {
    if (rollout.prompt_group != last_group) work.rows += static_cast<double>(rollout.prompt.size());
    last_group = rollout.prompt_group;
    work.rows += static_cast<double>(rollout.tokens());
    work.responses += static_cast<double>(rollout.tokens());
  }
  return work;
}

void print_table(const Evaluation& evaluation) {
  std::fprintf(stdout, "\n%-14s %10s %10s %12s   %s\n", "reward", "before", "after", "difference",
               "95% interval");
  for (const auto& row : evaluation.rows) {
    std::fprintf(stdout, "%-14s %10.4f %10.4f %+12.4f   [%+.4f, %+.4f]%s\n", row.name.c_str(),
                 row.before_mean, row.after_mean, row.difference, row.interval.low,
                 row.interval.high, row.significant ? " *" : "");
  }
  std::fprintf(
      stdout,
      "%lld held-out prompts, greedy answers, paired bootstrap; * the interval leaves out 0\n\n",
      static_cast<long long>(evaluation.prompts));
  std::fflush(stdout);
}

}  // namespace

void Trainer::add_reward_metrics(const Harvest& harvested, Scalars& metrics) const {
  add_composed_metrics(harvested, metrics);
  double response_tokens = 0, prompt_tokens = 0, ended = 0;
  std::map<std::string, double> dropped;
  for (const auto& rollout : harvested.rollouts) {
    response_tokens += static_cast<double>(rollout.tokens());
    prompt_tokens += static_cast<double>(rollout.prompt.size());
    ended += rollout.ended() ? 1 : 0;
    if (!rollout.failed_component().empty()) dropped[rollout.failed_component()] += 1;
  }
  const auto samples = static_cast<double>(harvested.rollouts.size());
  metrics.emplace_back("tokens/prompt", prompt_tokens / samples);
  metrics.emplace_back("tokens/response", response_tokens / samples);
  metrics.emplace_back("tokens/ended_fraction", ended / samples);
  if (harvested.rounds > 1) {
    metrics.emplace_back("sampling/rounds", static_cast<double>(harvested.rounds));
  }
  for (const auto& [component, count] : dropped)
    metrics.emplace_back("dropped/" + component, count);
}

// Of the samples that were scored; answers of the data set are not.
void Trainer::add_composed_metrics(const Harvest& harvested, Scalars& metrics) const {
  if (!harvested.given.empty()) return;
  const auto& composer = *composer_;
  double total = 0, holistic = 0, passed = 0, too_short = 0, scored = 0;
  std::map<std::string, double> aspects;
  for (const auto& rollout : harvested.rollouts) {
    if (!rollout.failed_component().empty()) continue;
    scored += 1;
    const auto composed = compose(rollout);
    total += composed.total();
    holistic += composer.value(rollout, composer.config().holistic);
    passed += composed.passed ? 1 : 0;
    too_short += composed.too_short ? 1 : 0;
    for (const auto& aspect : composer.aspects())
      aspects[aspect] += composer.value(rollout, aspect);
  }
  if (scored == 0) return;
  metrics.emplace_back("reward/total", total / scored);
  metrics.emplace_back("reward/holistic", holistic / scored);
  for (const auto& [aspect, sum] : aspects) metrics.emplace_back("reward/" + aspect, sum / scored);
  metrics.emplace_back("reward/gated_fraction", passed / scored);
  metrics.emplace_back("reward/too_short", too_short / scored);
}

void Trainer::add_cost_metrics(const Harvest& harvested, double step_s, const Scalars& phases,
                               Scalars& metrics) {
  for (const auto& [phase, seconds] : phases) metrics.emplace_back("time/" + phase + "_s", seconds);
  // The slowest rank decides how long a phase takes, and one that is asked to stop stops all.
  const RankCost largest = largest_over_ranks(world_, {.generate_s = harvested.times.generate_s,
                                                       .score_s = harvested.times.score_s,
                                                       .wait_s = harvested.times.wait_s,
                                                       .resident = resident_bytes(),
                                                       .device = device_bytes(policy_->device()),
                                                       .stop = stop_signal_came() ? 1.0 : 0.0});
  stop_ = largest.stop > 0;
  metrics.emplace_back("time/generate_s", largest.generate_s);
  metrics.emplace_back("time/score_s", largest.score_s);
  metrics.emplace_back("time/wait_s", largest.wait_s);
  metrics.emplace_back("time/step_s", step_s);
  double tokens = 0;
  for (const auto& rollout : harvested.rollouts) {
    tokens += static_cast<double>(rollout.prompt.size()) + static_cast<double>(rollout.tokens());
  }
  metrics.emplace_back("throughput/tokens_per_s", tokens / std::max(step_s, 1e-9));
  const StepWork work = work_of(harvested, algorithm_.loss, policy_->trained(),
                                find_scalar(metrics, "epochs").value_or(0));
  metrics.emplace_back("mfu", step_flops(policy_->shape(), layer_parameters_, work) /
                                  (peak_flops_ * std::max(step_s, 1e-9)));
  metrics.emplace_back("memory/rss_bytes", largest.resident);
  if (largest.device > 0) metrics.emplace_back("memory/device_bytes", largest.device);
  metrics.emplace_back("weights_version", static_cast<double>(state_.weights_version));
}

void Trainer::write_samples(std::int64_t step, const Harvest& harvested) {
  std::int64_t written = 0;
  for (const auto& rollout : harvested.rollouts) {
    if (written == kSamplesAStep) break;
    if (!rollout.failed_component().empty()) continue;
    samples_->write(to_sample_record(rollout, data_.train.at(rollout.record), compose(rollout),
                                     *tokenizer_, step, "train"));
    written += 1;
  }
}

void Trainer::write_comparison(const HeldOutResult& before, const HeldOutResult& after) {
  if (before.rollouts.empty()) {
    log::warn("no test prompt was scored before and after: there is no comparison");
    return;
  }
  for (const auto& [result, phase] : {std::pair{&before, "before"}, std::pair{&after, "after"}}) {
    for (const auto& rollout : result->rollouts) {
      // Beyond the last step, so that a finished run that is resumed writes them anew.
      samples_->write(to_sample_record(rollout, data_.test.at(rollout.record), compose(rollout),
                                       *tokenizer_, config_.run.steps + 1, phase));
    }
  }
  const auto evaluation =
      compare(before, after, *composer_, static_cast<std::uint64_t>(config_.run.seed));
  write_evaluation(run_.path(), evaluation);
  print_table(evaluation);
}

}  // namespace alarm_dist
