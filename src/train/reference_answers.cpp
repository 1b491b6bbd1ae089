// SPDX-License-Identifier: Apache-2.0
#include "train/reference_answers.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/model/response_scores.hpp"

#include "train/prompt_tokens.hpp"

namespace alarm_dist {
namespace {

std::vector<std::int64_t> whole_answer(const std::string& answer, const CausalLm& policy,
                                       const Tokenizer& tokenizer) {
  auto tokens = tokenizer.encode(answer).ids;
  const auto& eos = policy.shape().eos_tokens;
  if (!eos.empty()) tokens.push_back(eos.front());
  return tokens;
}

std::size_t room_for_answer(std::size_t prompt_tokens, const CausalLm& policy) {
  return static_cast<std::size_t>(policy.shape().context) - prompt_tokens;
}

std::vector<std::int64_t> answer_tokens(const std::string& answer, std::size_t prompt_tokens,
                                        const CausalLm& policy, const Tokenizer& tokenizer) {
  auto tokens = whole_answer(answer, policy, tokenizer);
  const auto room = room_for_answer(prompt_tokens, policy);
  if (tokens.size() > room) tokens.resize(room);
  return tokens;
}

ComposedReward last_token_reward(std::size_t tokens, double reward) {
  ComposedReward composed;
  composed.rewards.assign(tokens, 0.0);
  composed.rewards.back() = reward;
  return composed;
}

}  // namespace

void check_answers(const Dataset& dataset, WithRejected rejected) {
  for (const auto& record : dataset.records()) {
    if (record.reference.empty()) {
      throw UsageError(
          fmt::format("{}: the record has no answer (\"reference\") to learn from", record.source));
    }
    if (rejected == WithRejected::kYes && record.rejected.empty()) {
      throw UsageError(
          fmt::format("{}: the record has no \"rejected\" answer beside its \"reference\"; "
                      "algorithm.data rollouts makes pairs of samples",
                      record.source));
    }
  }
}

void warn_of_cut_answers(const Dataset& dataset, WithRejected rejected, const CausalLm& policy,
                         const Tokenizer& tokenizer) {
  if (log::rank() != 0) return;  // the tokens of the whole data set, for one line
  std::int64_t answers = 0, cut = 0;
  const auto count = [&](const std::string& answer, std::size_t room) {
    ++answers;
    if (whole_answer(answer, policy, tokenizer).size() > room) ++cut;
  };
  for (const auto& record : dataset.records()) {
    const auto room = room_for_answer(prompt_tokens(tokenizer, record).size(), policy);
    count(record.reference, room);
    if (rejected == WithRejected::kYes) count(record.rejected, room);
  }
  if (cut > 0) {
    log::warn(
        "{} of {} answers lose their ends: behind their prompts they do not fit into the policy's "
        "context of {} tokens",
        cut, answers, policy.shape().context);
  }
}

Harvest reference_answers(const HarvestPlan& plan, const CausalLm& policy,
                          const Tokenizer& tokenizer, WithRejected rejected) {
  Harvest result;
  const std::int64_t answers = rejected == WithRejected::kYes ? 2 : 1;
  for (std::size_t i = 0; i < plan.records.size(); ++i) {
    const Record& record = plan.dataset->at(plan.records[i]);
    const auto prompt = prompt_tokens(tokenizer, record);
    for (std::int64_t answer = 0; answer < answers; ++answer) {
      const std::string& text = answer == 0 ? record.reference : record.rejected;
      Rollout rollout;
      rollout.step = plan.draws.step;
      rollout.prompt_group = static_cast<std::int64_t>(i);
      rollout.sample_id = static_cast<std::uint32_t>(rollout.prompt_group * answers + answer);
      rollout.record = plan.records[i];
      rollout.prompt = prompt;
      rollout.response = answer_tokens(text, prompt.size(), policy, tokenizer);
      rollout.policy_logprobs.assign(rollout.response.size(), 0.0F);
      const auto& eos = policy.shape().eos_tokens;
      const bool ended = !eos.empty() && rollout.response.back() == eos.front();
      rollout.finish = ended ? FinishReason::kEndOfSequence : FinishReason::kLength;
      rollout.text = text;
      result.given.push_back(last_token_reward(rollout.response.size(),
                                               rejected == WithRejected::kYes && answer == 0));
      result.rollouts.push_back(std::move(rollout));
    }
  }
  return result;
}

std::vector<AnswerLogprob> answer_logprobs(World& world, const CausalLm& policy,
                                           const Tokenizer& tokenizer, const AnswerPlan& plan) {
  const at::NoGradGuard no_grad;
  const auto count = std::ssize(plan.records);
  at::Tensor found_R2 = at::zeros({count, 2}, at::kDouble);
  for (std::int64_t i = world.rank(); i < count; i += world.size()) {
    const Record& record = plan.dataset->at(plan.records[static_cast<std::size_t>(i)]);
    const auto prompt = prompt_tokens(tokenizer, record);
    ResponseBatch batch;
    const std::vector<std::vector<std::int64_t>> answers{
        answer_tokens(record.reference, prompt.size(), policy, tokenizer)};
    batch.add(prompt, answers);
    const auto scores = score_responses(policy, batch, plan.temperature, plan.adapter);
    found_R2[i][0] = scores.logprobs_T.sum().to(at::kCPU, at::kDouble);
    found_R2[i][1] = static_cast<double>(batch.tokens());
  }
  world.communicator().all_reduce(found_R2, ReduceOp::kSum);
  const auto* value = found_R2.const_data_ptr<double>();
  std::vector<AnswerLogprob> found;
  for (std::int64_t i = 0; i < count; ++i) found.push_back({value[2 * i], value[2 * i + 1]});
  return found;
}

double mean_logprob(std::span<const AnswerLogprob> answers) {
  AnswerLogprob all;
  for (const auto& answer : answers) {
    all.sum += answer.sum;
    all.tokens += answer.tokens;
  }
  return all.tokens > 0 ? all.mean() : 0;
}

}  // namespace alarm_dist
