// SPDX-License-Identifier: Apache-2.0
// The policy a config names, on this rank's device.
#pragma once

#include <filesystem>
#include <memory>

#include "alarm/comm/world.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/text/tokenizer.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

c10::Device rank_device(const TrainConfig& config, const World& world);
std::unique_ptr<CausalLm> load_policy(const TrainConfig& config, const World& world);
// The tokenizer beside it, which must fit its embedding.
std::unique_ptr<Tokenizer> load_policy_tokenizer(const TrainConfig& config, const CausalLm& policy);
// The directory it was loaded from.
std::filesystem::path policy_dir(const TrainConfig& config, const CausalLm& policy);

}  // namespace alarm_dist
