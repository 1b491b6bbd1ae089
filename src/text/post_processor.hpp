// SPDX-License-Identifier: Apache-2.0
// What a tokenizer does to the tokens of a text: special tokens around them, spaces off their
// offsets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

#include "text/json_field.hpp"
#include "text/vocabulary.hpp"

namespace alarm_dist {

class PostProcessor {
 public:
  PostProcessor() = default;
  // From the "post_processor" of a tokenizer.json: TemplateProcessing, BertProcessing, ByteLevel or
  // a Sequence of them.
  PostProcessor(const JsonField& field, const Vocabulary& vocabulary);

  // Cuts to options.max_tokens and adds the special tokens.
  void apply(Encoding& encoding, const EncodeOptions& options) const;

 private:
  void add(const JsonField& field, const Vocabulary& vocabulary);
  void add_template(const JsonField& field);
  void trim_offsets(Encoding& encoding) const;

  std::vector<std::int64_t> before_;
  std::vector<std::int64_t> after_;
  const Vocabulary* vocabulary_ = nullptr;
  bool trim_offsets_ = false;
  bool keep_first_space_ = false;  // the one that add_prefix_space put there
};

}  // namespace alarm_dist
