// SPDX-License-Identifier: Apache-2.0
// T5, T5 v1.1, Flan-T5 and mT5 as policies.
//
// What a prompt is goes through the encoder, what continues it through the decoder, so that
// everything written for decoder-only models works unchanged (RaggedBatch: a segment without a
// parent is a prompt; DecodePlan says so itself). In hidden() the last row of a prompt holds the
// decoder's state after its start token, which predicts the first token of each response; the
// prompt's other rows hold the encoder's states. Decoder states are scaled as the head of logits
// wants them (d_model^-0.5 in a tied T5), so a value head on them sees the small ones.
#pragma once

#include <filesystem>
#include <memory>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist {

// From a Hugging Face directory of model_type t5 or mt5.
std::unique_ptr<CausalLm> load_t5(const std::filesystem::path& dir, const CausalLmOptions& options);

}  // namespace alarm_dist
