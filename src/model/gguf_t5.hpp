// SPDX-License-Identifier: Apache-2.0
// T5, v1.1, Flan-T5 and mT5 in GGUF files, which call all of them "t5".
#pragma once

#include <c10/core/ScalarType.h>
#include <nlohmann/json_fwd.hpp>

#include "alarm/store/gguf.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/gguf_keys.hpp"
#include "model/t5_config.hpp"

namespace alarm_dist {

// What the metadata and the names of the tensors say, as config.json. The files keep neither the
// activation nor the greatest distance: gated feed-forward parts have the gelu of v1.1 and mT5,
// others the original's relu, and the distance is 128. A head of its own means v1.1 or mT5, which
// do not scale the decoder's states.
nlohmann::ordered_json gguf_t5_config(const GgufFile& file, const GgufKeys& keys);

// The tensors under Hugging Face's names. The file is borrowed. Throws Error naming the file and a
// tensor that is missing, of another shape or without a place (UMT5's biases of every block).
TensorSources gguf_t5_weights(const GgufFile& file, const T5Config& config, c10::ScalarType dtype);

}  // namespace alarm_dist
