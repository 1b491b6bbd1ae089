// SPDX-License-Identifier: Apache-2.0
// BERT, RoBERTa and XLM-RoBERTa in GGUF files, which call all of them "bert"; their tokenizers tell
// them apart.
#pragma once

#include <c10/core/ScalarType.h>
#include <nlohmann/json_fwd.hpp>

#include "alarm/store/gguf.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/encoder_config.hpp"
#include "model/gguf_keys.hpp"

namespace alarm_dist {

// What the metadata and the shapes of the tensors say, as config.json. The files do not keep the
// activation, which is taken for gelu. Throws Error naming the file and the key for a tokenizer
// that is none of the three families'.
nlohmann::ordered_json gguf_encoder_config(const GgufFile& file, const GgufKeys& keys);

// The trunk's tensors and those of RoBERTa's classifier, where the file has it, under Hugging
// Face's names. GGUF files have no pooler. RoBERTa's first positions, which they leave out because
// no token has them, are zeros. The file is borrowed. Throws Error naming the file and a tensor
// that is missing, of another shape or without a place.
TensorSources gguf_encoder_weights(const GgufFile& file, const EncoderConfig& config,
                                   c10::ScalarType dtype);

}  // namespace alarm_dist
