// SPDX-License-Identifier: Apache-2.0
#include "train/learner_batch.hpp"

#include <numeric>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

Learner::Batch::Batch(std::span<const Rollout> step_rollouts,
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

at::Tensor Learner::Batch::of(const at::Tensor& per_token_T, std::int64_t sample) const {
  const auto begin = offsets[static_cast<std::size_t>(sample)];
  return per_token_T.narrow(0, begin, offsets[static_cast<std::size_t>(sample) + 1] - begin);
}

Learner::MiniBatchWeights Learner::Batch::weigh(const MiniBatchPlan& plan, Aggregation aggregation,
                                                double fixed_length) const {
  const auto* kept = kept_T.const_data_ptr<bool>();
  std::vector<std::int64_t> tokens, ends{0};
  for (const auto& micros : plan.by_rank) {
    for (const auto& micro : micros) {
      for (const auto& unit : micro) {
        for (const auto sample : unit.samples) {
          const auto i = static_cast<std::size_t>(sample);
          for (auto t = offsets[i]; t < offsets[i + 1]; ++t) {
            if (kept[t]) tokens.push_back(t);
          }
          ends.push_back(static_cast<std::int64_t>(tokens.size()));
        }
      }
    }
  }
  LossCounts counts = count_losses(ends);
  counts.fixed_length = fixed_length;
  const at::Tensor index = at::tensor(tokens, at::kLong);
  MiniBatchWeights weights{.policy_T = {},
                           .kl_T = at::zeros_like(rewards_T),
                           .tokens = static_cast<double>(plan.tokens)};
  weights.kl_T.index_copy_(0, index, aggregation_weights(ends, aggregation, counts));
  weights.policy_T = weights.kl_T * correction_T;
  return weights;
}

void MicroRows::put(at::Tensor& per_token_T, const at::Tensor& values) const {
  per_token_T.index_copy_(0, tokens, values.to(at::kCPU, at::kDouble));
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

void Learner::Progress::add(const Progress& mini) {
  policy_loss += mini.policy_loss;
  value_loss += mini.value_loss;
  ratio += mini.ratio;
  approximate_kl += mini.approximate_kl;
  clipped += mini.clipped;
  value_clipped += mini.value_clipped;
  tokens += mini.tokens;
  if (minibatches == 0) first_ratio_deviation = std::abs(mini.ratio / mini.tokens - 1.0);
  minibatches += 1;
}

}  // namespace alarm_dist
