// SPDX-License-Identifier: Apache-2.0
// What turns a word into tokens: the "model" of a tokenizer.json.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

#include "text/json_field.hpp"
#include "text/vocabulary.hpp"

namespace alarm_dist {

struct WordToken {
  std::int64_t id = 0;
  Span range;  // bytes of the word
};

class WordModel {
 public:
  virtual ~WordModel() = default;
  // Appends the tokens of the word, which is well-formed UTF-8 and not empty.
  virtual void tokenize(std::string_view word, std::vector<WordToken>& tokens) const = 0;
};

// Both borrow the vocabulary, which must outlive them, and throw Error for settings that they do
// not know.
std::unique_ptr<WordModel> make_bpe(const JsonField& field, const Vocabulary& vocabulary);
std::unique_ptr<WordModel> make_wordpiece(const JsonField& field, const Vocabulary& vocabulary);

}  // namespace alarm_dist
