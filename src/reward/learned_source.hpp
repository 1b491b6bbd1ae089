// SPDX-License-Identifier: Apache-2.0
// A learned source from parts that are loaded already; make_learned_source(options) loads them.
#pragma once

#include <cstdint>
#include <memory>

#include "alarm/model/encoder.hpp"
#include "alarm/reward/model_card.hpp"
#include "alarm/reward/source.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

struct LearnedSourceParts {
  RewardModelCard card{};
  std::unique_ptr<Tokenizer> tokenizer{};
  std::unique_ptr<EncoderModel> model{};
  std::int64_t micro_tokens = 4096;
};
std::unique_ptr<RewardSource> make_learned_source(LearnedSourceParts parts);

}  // namespace alarm_dist
