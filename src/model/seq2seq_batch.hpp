// SPDX-License-Identifier: Apache-2.0
// A ragged batch as an encoder-decoder reads it: segments without a parent are prompts and go
// through the encoder; what continues them goes through the decoder, below a start token.
//
// All continuations of a prompt share the start token's row. It predicts their first token, so it
// stands for the last row of the prompt (RaggedBatch::row_before).
#pragma once

#include <cstdint>
#include <vector>

#include "alarm/model/ragged_batch.hpp"

#include "model/attention_plan.hpp"

namespace alarm_dist {

struct Seq2SeqBatch {
  RaggedBatch encoder;  // the prompts, end to end
  RaggedBatch decoder;  // prompt by prompt: a start token, and below it the prompt's descendants
  // By prompt: its rows in `encoder`, and those of its whole tree in `decoder`.
  std::vector<RowRange> encoder_rows, decoder_rows;
  // Of each row of the batch: its row among the encoder's rows with the decoder's behind them.
  std::vector<std::int64_t> row_of;
};

// Throws Error on a prompt without tokens.
Seq2SeqBatch split_prompts(const RaggedBatch& batch, std::int64_t start_token);

}  // namespace alarm_dist
