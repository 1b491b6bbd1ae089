// SPDX-License-Identifier: Apache-2.0
// The policy a config names, and its critic's model, on this rank's device.
#pragma once

#include <filesystem>
#include <memory>

#include "alarm/comm/world.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/text/dataset.hpp"
#include "alarm/text/tokenizer.hpp"
#include "alarm/train/base_weights.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

c10::Device rank_device(const TrainConfig& config, const World& world);
// Its adapter is new, or has the values of policy.adapter.path.
std::unique_ptr<CausalLm> load_policy(const TrainConfig& config, const World& world);
// Copies the values of policy.adapter.path, if there is one, into the policy's adapter. Throws
// Error naming file and tensor where it is another model's.
void load_start_adapter(const TrainConfig& config, const CausalLm& policy);
// How the policy is used before it has learned: a new adapter changes nothing.
Adapter initial_adapter(const TrainConfig& config);
// The tokenizer beside it, which must fit its embedding.
std::unique_ptr<Tokenizer> load_policy_tokenizer(const TrainConfig& config, const CausalLm& policy);
// The model of a critic of its own, which must read the policy's tokens.
std::unique_ptr<CausalLm> load_critic(const TrainConfig& config, const CausalLm& policy);
// The same, where it must hold all of `records` with their answers: only learners know it, so that
// none can be left out for it. Throws UsageError that names the record.
std::unique_ptr<CausalLm> load_critic_for(const TrainConfig& config, const CausalLm& policy,
                                          const Tokenizer& tokenizer, Dataset records);
// The directory that it comes from.
std::filesystem::path critic_dir(const TrainConfig& config, at::ScalarType dtype);
// Against the policy's; of a critic of its own.
BaseWeights critic_base(const TrainConfig& config, const CausalLm& policy);
// Throws UsageError naming both folders when the critic's tokens are not the policy's, or not all
// tokens have a row in its embedding.
void check_critic_fits(const TrainConfig& config, const CausalLm& policy, const CausalLm& critic);
// The directory the policy was loaded from.
std::filesystem::path policy_dir(const TrainConfig& config, const CausalLm& policy);

}  // namespace alarm_dist
