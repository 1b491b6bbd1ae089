// SPDX-License-Identifier: Apache-2.0
// What a GGUF file's metadata say about its model, as a Hugging Face config.json.
#pragma once

#include <c10/core/ScalarType.h>
#include <nlohmann/json_fwd.hpp>

#include "alarm/store/gguf.hpp"

namespace alarm_dist {

// Throws Error naming the file and the key when the architecture, or something it asks for, is not
// supported.
nlohmann::ordered_json gguf_config(const GgufFile& file, c10::ScalarType dtype);

// What generation_config.json says, and config.json as well: bos_token_id, eos_token_id,
// pad_token_id, null where the file has none, and decoder_start_token_id where it has one.
nlohmann::ordered_json gguf_token_ids(const GgufFile& file);

}  // namespace alarm_dist
