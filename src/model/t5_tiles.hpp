// SPDX-License-Identifier: Apache-2.0
// The dense attention calls of a T5 on a ragged batch, made once for all layers of a stack.
#pragma once

#include <memory>

#include "model/biased_attention.hpp"
#include "model/relative_bias.hpp"
#include "model/seq2seq_batch.hpp"

namespace alarm_dist {

using SharedTiles = std::shared_ptr<const BiasedTiles>;

// Each prompt to itself, in both directions.
SharedTiles encoder_tiles(const Seq2SeqBatch& batch, const RelativeBias& bias);
// Each continuation to its own tokens and those it continues, up to the start token.
SharedTiles decoder_tiles(const Seq2SeqBatch& batch, const RelativeBias& bias);
// All that continues a prompt to the prompt's encoded rows.
SharedTiles cross_tiles(const Seq2SeqBatch& batch);

}  // namespace alarm_dist
