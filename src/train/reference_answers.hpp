// SPDX-License-Identifier: Apache-2.0
// The data set's own answers in the place of samples: what supervised fine-tuning learns from, and
// preference optimisation where its pairs are given.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alarm/comm/world.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/text/dataset.hpp"
#include "alarm/train/harvest.hpp"

namespace alarm_dist {

enum class WithRejected { kNo, kYes };

// Throws UsageError naming the record that has no answer, or no rejected one where they are wanted.
void check_answers(const Dataset& dataset, WithRejected rejected);

// Rank 0 says how many answers do not fit into the policy's context behind their prompts, and so
// lose their ends. Not collective.
void warn_of_cut_answers(const Dataset& dataset, WithRejected rejected, const CausalLm& policy,
                         const Tokenizer& tokenizer);

// One rollout a prompt of the plan, or two: the answer, rewarded with 1, and the rejected one with
// 0. Their tokens end with the model's end of sequence unless the context cuts them. The same on
// every rank; not collective.
Harvest reference_answers(const HarvestPlan& plan, const CausalLm& policy,
                          const Tokenizer& tokenizer, WithRejected rejected);

// Of an answer, under the policy.
struct AnswerLogprob {
  double sum = 0;  // over its tokens
  double tokens = 0;
  double mean() const { return sum / tokens; }
};

// What is scored, and how.
struct AnswerPlan {
  const Dataset* dataset = nullptr;
  std::vector<std::int64_t> records = {};
  double temperature = 1;
  Adapter adapter = Adapter::kOn;
};

// Of the answers to these records. Each rank scores its share; collective over the world, the same
// on every rank.
std::vector<AnswerLogprob> answer_logprobs(World& world, const CausalLm& policy,
                                           const Tokenizer& tokenizer, const AnswerPlan& plan);

// Over all their tokens.
double mean_logprob(std::span<const AnswerLogprob> answers);

}  // namespace alarm_dist
