// SPDX-License-Identifier: Apache-2.0
// A decoder with a score head as a source of rewards: one value a response, read where its sequence
// ends, or one a token or sentence, read where the model has just read its last byte.
#pragma once

#include <memory>

#include "alarm/reward/source.hpp"

namespace alarm_dist {

// Loads the model of options.model, which is_decoder_folder.
std::unique_ptr<RewardSource> make_decoder_source(const LearnedSourceOptions& options);

}  // namespace alarm_dist
