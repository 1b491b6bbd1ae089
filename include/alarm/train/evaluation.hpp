// SPDX-License-Identifier: Apache-2.0
// Greedy answers to held-out prompts, scored: means during training, paired values before and after
// it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alarm/metrics/run_files.hpp"
#include "alarm/train/harvest.hpp"
#include "alarm/train/rewards.hpp"

namespace alarm_dist {

struct HeldOutResult {
  std::vector<Rollout> rollouts;  // one a prompt, of those that could be scored
  std::vector<Rollout> failed;    // the others
  std::map<std::string, std::vector<double>>
      values;  // by name and prompt: "holistic", the aspects, "length", "reward"; without
               // rewards "length", and what the caller adds
  double mean(const std::string& name) const;
};

// A value of held-out prompts: mean log-probability a token of the expert's answer.
inline constexpr const char* kAnswerLogprob = "logprob";

struct HeldOutPlan {
  std::string name;  // of the harvest, unique in the job
  const Dataset* dataset = nullptr;
  std::int64_t prompts = 0;  // the first n in a fixed shuffled order; 0: all
  std::int64_t group_size = 16;
  SamplingConfig sampling;  // temperature is replaced by 0
  Adapter adapter = Adapter::kOn;
};

// Collective over the world; the same result on every rank.
HeldOutResult evaluate_held_out(World& world, const Placement& placement, const Actors& actors,
                                const Composer& composer, const HeldOutPlan& plan);

// Leaves the prompts that were scored in both.
void keep_common(HeldOutResult& a, HeldOutResult& b);

// The table of the report: each reward before and after with a paired bootstrap interval.
Evaluation compare(const HeldOutResult& before, const HeldOutResult& after,
                   const Composer& composer, std::uint64_t seed);

// A rollout as a line of samples.jsonl.
SampleRecord to_sample_record(const Rollout& rollout, const Record& record,
                              const ComposedReward& reward, const Tokenizer& tokenizer,
                              std::int64_t step, const std::string& phase);

}  // namespace alarm_dist
