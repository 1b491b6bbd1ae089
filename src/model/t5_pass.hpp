// SPDX-License-Identifier: Apache-2.0
// A T5 over ragged batches, differentiable in the adapters.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/seq2seq_batch.hpp"
#include "model/t5_network.hpp"

namespace alarm_dist {

// The encoder's states of the prompts' rows, end to end.
at::Tensor encode_prompts(const T5Network& network, const Seq2SeqBatch& batch,
                          const T5Adapters& adapters);

// [N, D] as CausalLm::hidden has it. A response's rows hold the decoder's states, and so does the
// last row of a prompt: that of the start token. The prompt's other rows hold the encoder's states.
at::Tensor ragged_states(const T5Network& network, const RaggedBatch& batch,
                         const T5Adapters& adapters);

}  // namespace alarm_dist
