// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_json_parts.hpp"

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"
#include "alarm/text/sentencepiece_model.hpp"

namespace alarm_dist {

using nlohmann::json;

json vocabulary_json(const std::vector<std::string>& tokens) {
  json vocabulary = json::object();
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    ALARM_CHECK(!find_invalid_utf8(tokens[id]), "token {} is not UTF-8", id);
    const bool added = vocabulary.emplace(tokens[id], id).second;
    ALARM_CHECK(added, "token {} (\"{}\") stands twice in the vocabulary", id, tokens[id]);
  }
  return vocabulary;
}

json added_tokens_json(const std::vector<std::string>& tokens,
                       const std::vector<std::int64_t>& types) {
  json added = json::array();
  for (std::size_t id = 0; id < types.size(); ++id) {
    if (types[id] != piece_type::kControl && types[id] != piece_type::kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", tokens[id]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", types[id] == piece_type::kControl}});
  }
  return added;
}

}  // namespace alarm_dist
