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

// What the words are made of: characters, or bytes that the vocabulary writes in the byte alphabet.
enum class Symbols { kCharacters, kBytes };

using WordModelPtr = std::unique_ptr<WordModel>;

// All borrow the vocabulary, which must outlive them, and throw Error for settings that they do
// not know. Only BPE takes bytes.
WordModelPtr make_bpe(const JsonField& field, const Vocabulary& vocabulary, Symbols symbols);
WordModelPtr make_unigram(const JsonField& field, const Vocabulary& vocabulary);
WordModelPtr make_word_level(const JsonField& field, const Vocabulary& vocabulary);
WordModelPtr make_wordpiece(const JsonField& field, const Vocabulary& vocabulary);

// The id of "unk_token", which the vocabulary must have.
std::int64_t unknown_id(const JsonField& field, const std::string& token,
                        const Vocabulary& vocabulary);

}  // namespace alarm_dist
