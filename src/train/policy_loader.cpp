// SPDX-License-Identifier: Apache-2.0
#include "train/policy_loader.hpp"

#include "alarm/base/error.hpp"
#include "alarm/model/device.hpp"
#include "alarm/model/peft_adapter.hpp"
#include "alarm/train/trainer.hpp"

namespace alarm_dist {
namespace {

// Empty where the vocabulary has a gap.
std::string token_or_nothing(const Tokenizer& tokenizer, std::int64_t id) {
  try {
    return tokenizer.token_of(id);
  } catch (const Error&) {
    return {};
  }
}

// The first id that stands for another token; the number of ids where none does.
std::int64_t first_difference(const Tokenizer& a, const Tokenizer& b) {
  std::int64_t id = 0;
  while (id < a.id_limit() && token_or_nothing(a, id) == token_or_nothing(b, id)) ++id;
  return id;
}

// Of every token that the policy may choose.
void check_q_values(const CausalLm& policy, const CausalLm& critic,
                    const std::filesystem::path& dir) {
  const auto ours = policy.shape().vocabulary, theirs = critic.head_VD(Adapter::kOff).size(0);
  if (ours != theirs) {
    throw UsageError(fmt::format(
        "algorithm.critic.model: {} has logits of {} tokens, the policy of {}: etpo needs a "
        "Q-value of each",
        dir.string(), theirs, ours));
  }
}

}  // namespace

c10::Device rank_device(const TrainConfig& config, const World& world) {
  return local_device(config.policy.device, world.local_rank());
}

std::unique_ptr<CausalLm> load_policy(const TrainConfig& config, const World& world) {
  const auto device = rank_device(config, world);
  const auto dtype = parse_precision(config.policy.precision, device);
  const auto dir = resolve_model(config.policy.model, dtype, config.paths.cache);
  auto policy = CausalLm::load(dir, {.dtype = dtype,
                                     .device = device,
                                     .trained = config.policy.trained(),
                                     .adapter = config.policy.lora,
                                     .seed = static_cast<std::uint64_t>(config.run.seed)});
  load_start_adapter(config, *policy);
  return policy;
}

void load_start_adapter(const TrainConfig& config, const CausalLm& policy) {
  if (config.policy.adapter.empty()) return;
  load_peft_adapter(config.policy.adapter, config.policy.lora, policy.trainable());
}

Adapter initial_adapter(const TrainConfig& config) {
  return config.policy.adapter.empty() ? Adapter::kOff : Adapter::kOn;
}

std::unique_ptr<Tokenizer> load_policy_tokenizer(const TrainConfig& config,
                                                 const CausalLm& policy) {
  const auto dir = policy_dir(config, policy);
  auto tokenizer = load_tokenizer(dir);
  check_tokenizer_fits(policy.shape(), tokenizer->id_limit(), dir.string());
  return tokenizer;
}

std::filesystem::path critic_dir(const TrainConfig& config, at::ScalarType dtype) {
  const auto& own = config.algorithm.critic.model;
  return resolve_model(own.empty() ? config.policy.model : own, dtype, config.paths.cache);
}

BaseWeights critic_base(const TrainConfig& config, const CausalLm& policy) {
  const bool same = critic_dir(config, policy.dtype()) == policy_dir(config, policy);
  return same ? BaseWeights::kShared : BaseWeights::kDistinct;
}

std::unique_ptr<CausalLm> load_critic(const TrainConfig& config, const CausalLm& policy) {
  auto critic = CausalLm::load(critic_dir(config, policy.dtype()),
                               {.dtype = policy.dtype(),
                                .device = policy.device(),
                                .trained = Trained::kAdapter,
                                .adapter = config.algorithm.critic.lora,
                                .seed = static_cast<std::uint64_t>(config.run.seed)});
  check_critic_fits(config, policy, *critic);
  return critic;
}

std::unique_ptr<CausalLm> load_critic_for(const TrainConfig& config, const CausalLm& policy,
                                          const Tokenizer& tokenizer, Dataset records) {
  auto critic = load_critic(config, policy);
  try {
    check_prompt_lengths(records, tokenizer, critic->shape().context,
                         config.rollout.sampling.max_new_tokens, OnDataError::kStop);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("algorithm.critic.model: {}", error.what()));
  }
  return critic;
}

void check_critic_fits(const TrainConfig& config, const CausalLm& policy, const CausalLm& critic) {
  const auto ours = policy_dir(config, policy), theirs = critic_dir(config, policy.dtype());
  if (ours == theirs) return;
  const auto policy_tokens = load_tokenizer(ours), critic_tokens = load_tokenizer(theirs);
  const auto id = first_difference(*policy_tokens, *critic_tokens);
  if (id < policy_tokens->id_limit()) {
    throw UsageError(fmt::format(
        "algorithm.critic.model: {} has another tokenizer than the policy, {}: token {} is '{}', "
        "the policy's is '{}'; expected a model that reads the policy's tokens",
        theirs.string(), ours.string(), id, token_or_nothing(*critic_tokens, id),
        token_or_nothing(*policy_tokens, id)));
  }
  if (resolve_algorithm(config.algorithm).learns_q()) check_q_values(policy, critic, theirs);
  check_tokenizer_fits(critic.shape(), policy_tokens->id_limit(), ours.string());
}

std::filesystem::path policy_dir(const TrainConfig& config, const CausalLm& policy) {
  return resolve_model(config.policy.model, policy.dtype(), config.paths.cache);
}

}  // namespace alarm_dist
