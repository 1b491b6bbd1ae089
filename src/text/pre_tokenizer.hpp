// SPDX-License-Identifier: Apache-2.0
// How a text is cut into the words that the model then looks at one by one.
//
// One factory for each kind; pre_tokenizer.cpp has the table of them.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "text/aligned_text.hpp"
#include "text/json_field.hpp"

namespace alarm_dist {

// Pieces of a text, in order and not empty; what lies between them is dropped.
struct Words {
  AlignedText text;
  std::vector<Span> pieces;
};

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Cuts the pieces further; may also change the text (a space in front, another alphabet).
  virtual void apply(Words& words) const = 0;
};

using PreTokenizerPtr = std::unique_ptr<PreTokenizer>;

// Pieces of one piece, none empty.
using Splitter = std::function<std::vector<Span>(std::string_view)>;
PreTokenizerPtr make_splitter(Splitter splitter);

// The steps of a "pre_tokenizer" of a tokenizer.json, of any kind; a Sequence has several.
class PreTokenizerChain {
 public:
  PreTokenizerChain() = default;
  explicit PreTokenizerChain(const JsonField& field);

  Words split(AlignedText text) const;
  // The last step is ByteLevel. A model may take the bytes as they are, which is faster ...
  bool ends_byte_level() const { return ends_byte_level_; }
  // ... or see each as a character of the byte alphabet, once this was called.
  void expand_bytes();

 private:
  void add(const JsonField& field);

  std::vector<PreTokenizerPtr> steps_;
  bool ends_byte_level_ = false;
};

PreTokenizerPtr make_bert_pre_tokenizer(const JsonField& field);
PreTokenizerPtr make_char_delimiter_split(const JsonField& field);
PreTokenizerPtr make_digits(const JsonField& field);
PreTokenizerPtr make_fixed_length(const JsonField& field);
PreTokenizerPtr make_punctuation(const JsonField& field);
PreTokenizerPtr make_split(const JsonField& field);
PreTokenizerPtr make_unicode_scripts(const JsonField& field);
PreTokenizerPtr make_whitespace(const JsonField& field);
PreTokenizerPtr make_whitespace_split(const JsonField& field);

PreTokenizerPtr make_metaspace(const JsonField& field);
PreTokenizerPtr make_byte_level(const JsonField& field);  // without the change of alphabet,
PreTokenizerPtr make_byte_alphabet();                     // which is this

}  // namespace alarm_dist
