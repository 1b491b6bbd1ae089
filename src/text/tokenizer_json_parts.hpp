// SPDX-License-Identifier: Apache-2.0
// Parts of a tokenizer.json that is made of GGUF metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace alarm_dist {

// Tokens with their numbers; throws Error for one that is no UTF-8 or stands there twice.
nlohmann::json vocabulary_json(const std::vector<std::string>& tokens);

// Control tokens, which are special, and the user's own (piece_type). Types may be empty: none.
nlohmann::json added_tokens_json(const std::vector<std::string>& tokens,
                                 const std::vector<std::int64_t>& types);

}  // namespace alarm_dist
