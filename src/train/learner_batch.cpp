// SPDX-License-Identifier: Apache-2.0
#include "train/learner_batch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

StepBatch::StepBatch(std::span<const Rollout> step_rollouts,
                     std::span<const ComposedReward> rewards)
    : rollouts(step_rollouts) {
  ALARM_CHECK(rollouts.size() == rewards.size(), "{} rollouts, {} rewards", rollouts.size(),
              rewards.size());
  std::vector<double> reward, sampled;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    ALARM_CHECK(static_cast<std::int64_t>(rewards[i].rewards.size()) == rollouts[i].tokens(),
                "sample {}: {} rewards for {} tokens", rollouts[i].sample_id,
                rewards[i].rewards.size(), rollouts[i].tokens());
    reward.insert(reward.end(), rewards[i].rewards.begin(), rewards[i].rewards.end());
    sampled.insert(sampled.end(), rollouts[i].policy_logprobs.begin(),
                   rollouts[i].policy_logprobs.end());
    offsets.push_back(offsets.back() + rollouts[i].tokens());
  }
  rewards_T = at::tensor(reward, at::kDouble);
  sampled_T = at::tensor(sampled, at::kDouble);
  for (auto* tensor : {&old_T, &reference_T, &entropy_T, &values_T})
    *tensor = at::zeros({tokens()}, at::kDouble);
}

void StepBatch::take_apart(std::span<const ComposedReward> rewards, const Components& components) {
  std::vector<at::Tensor> parts;
  for (const auto& reward : rewards) parts.push_back(component_rewards(reward, components));
  component_rewards_TC = at::cat(parts);
  if (components.valued_each) values_T = at::zeros_like(component_rewards_TC);
}

at::Tensor StepBatch::of(const at::Tensor& per_token_T, std::int64_t sample) const {
  const auto begin = offsets[static_cast<std::size_t>(sample)];
  return per_token_T.narrow(0, begin, offsets[static_cast<std::size_t>(sample) + 1] - begin);
}

std::vector<std::int64_t> StepBatch::nonfinite() const {
  const at::Tensor finite_T =
      at::isfinite(rewards_T + old_T + reference_T + values_T.view({tokens(), -1}).sum(1))
          .to(at::kCPU)
          .contiguous();
  const auto* finite = finite_T.const_data_ptr<bool>();
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    if (!std::all_of(finite + offsets[i], finite + offsets[i + 1], [](bool is) { return is; })) {
      found.push_back(static_cast<std::int64_t>(i));
    }
  }
  return found;
}

std::string StepBatch::name_nonfinite(std::int64_t sample) const {
  const at::Tensor values_by_token_T = values_T.view({tokens(), -1}).sum(1);
  const std::array<std::pair<const char*, const at::Tensor*>, 4> numbers{
      {{"reward", &rewards_T},
       {"policy's log-probability", &old_T},
       {"reference's log-probability", &reference_T},
       {"value", &values_by_token_T}}};
  for (const auto& [name, per_token_T] : numbers) {
    const at::Tensor own_T = of(*per_token_T, sample).contiguous();
    const std::span own(own_T.const_data_ptr<double>(), static_cast<std::size_t>(own_T.numel()));
    const auto bad = std::ranges::find_if(own, [](double x) { return !std::isfinite(x); });
    if (bad == own.end()) continue;
    return fmt::format("sample {}, token {}: the {} is {}",
                       rollouts[static_cast<std::size_t>(sample)].sample_id, bad - own.begin(),
                       name, *bad);
  }
  return "their sum is too large";  // each is finite
}

at::Tensor StepBatch::truncated() const {
  at::Tensor flags = at::zeros({static_cast<std::int64_t>(rollouts.size())}, at::kBool);
  for (std::size_t i = 0; i < rollouts.size(); ++i) {
    flags.mutable_data_ptr<bool>()[i] = !rollouts[i].ended();
  }
  return flags;
}

namespace {

// The tokens of the mini-batch end to end, and where its responses end.
struct MiniBatchTokens {
  std::vector<std::int64_t> tokens, offsets{0}, samples;
  std::int64_t units = 0;
};

MiniBatchTokens tokens_of(const MiniBatchPlan& plan, std::span<const std::int64_t> offsets) {
  MiniBatchTokens found;
  for (const auto& micros : plan.by_rank) {
    for (const auto& micro : micros) {
      for (const auto& unit : micro) {
        found.units += 1;
        for (const auto sample : unit.samples) {
          const auto i = static_cast<std::size_t>(sample);
          found.samples.push_back(sample);
          for (auto t = offsets[i]; t < offsets[i + 1]; ++t) found.tokens.push_back(t);
          found.offsets.push_back(static_cast<std::int64_t>(found.tokens.size()));
        }
      }
    }
  }
  return found;
}

std::int64_t count_pairs(std::span<const Preference> preferences,
                         const std::vector<std::int64_t>& samples) {
  if (preferences.empty()) return 0;
  return std::ranges::count_if(samples, [&](std::int64_t sample) {
    return preferences[static_cast<std::size_t>(sample)].chosen;
  });
}

}  // namespace

MiniBatchWeights StepBatch::weigh(const MiniBatchPlan& plan, Aggregation aggregation,
                                  double fixed_length) const {
  const auto mini = tokens_of(plan, offsets);
  const at::Tensor index = at::tensor(mini.tokens, at::kLong);
  const at::Tensor kept = kept_T.index_select(0, index);
  LossCounts counts = count_losses(mini.offsets, kept);
  counts.fixed_length = fixed_length;
  MiniBatchWeights weights{.policy_T = {},
                           .kl_T = at::zeros_like(rewards_T),
                           .tokens = static_cast<double>(plan.tokens),
                           .prompts = static_cast<double>(mini.units),
                           .pairs = static_cast<double>(count_pairs(preferences, mini.samples))};
  weights.kl_T.index_copy_(0, index, aggregation_weights(mini.offsets, aggregation, counts, kept));
  weights.policy_T = weights.kl_T * correction_T;
  return weights;
}

void MicroRows::put(at::Tensor& per_token_T, const at::Tensor& values) const {
  per_token_T.index_copy_(0, tokens, values.to(at::kCPU, at::kDouble));
}

at::Tensor MicroRows::take(const at::Tensor& per_token_T, const at::Tensor& like) const {
  return per_token_T.index_select(0, tokens).to(like.options());
}

MicroRows make_micro_rows(std::span<const Rollout> rollouts, std::span<const std::int64_t> offsets,
                          const MicroBatch& micro) {
  MicroRows rows;
  std::vector<std::int64_t> tokens;
  for (const auto& unit : micro) {
    std::vector<std::vector<std::int64_t>> responses;
    for (const auto sample : unit.samples) {
      const auto i = static_cast<std::size_t>(sample);
      responses.push_back(rollouts[i].response);
      rows.samples.push_back(sample);
      for (auto t = offsets[i]; t < offsets[i + 1]; ++t) tokens.push_back(t);
    }
    rows.responses.add(rollouts[static_cast<std::size_t>(unit.samples.front())].prompt, responses);
  }
  rows.tokens = at::tensor(tokens, at::kLong);
  return rows;
}

void UpdateProgress::add(const UpdateProgress& mini) {
  policy_loss += mini.policy_loss;
  value_loss += mini.value_loss;
  ratio += mini.ratio;
  approximate_kl += mini.approximate_kl;
  clipped += mini.clipped;
  value_clipped += mini.value_clipped;
  ranked += mini.ranked;
  margin += mini.margin;
  pairs += mini.pairs;
  tokens += mini.tokens;
  if (minibatches == 0) first_ratio_deviation = std::abs(mini.ratio / mini.tokens - 1.0);
  minibatches += 1;
}

}  // namespace alarm_dist
