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
  // From the "post_processor" of a tokenizer.json, of any kind. Borrows the vocabulary.
  PostProcessor(const JsonField& field, const Vocabulary& vocabulary);

  // Cuts to options.max_tokens and adds the special tokens. `text` is what was encoded;
  // `found_in_text` are the ids of tokens that were looked for in it, in order.
  void apply(Encoding& encoding, const EncodeOptions& options, std::string_view text,
             const std::vector<std::int64_t>& found_in_text) const;

 private:
  struct Step {
    std::vector<std::int64_t> before;
    std::vector<std::int64_t> after;
    bool trims_offsets = false;
    bool keeps_first_space = false;  // the one that add_prefix_space put there
  };

  void add(const JsonField& field);
  void add_template(const JsonField& field);
  void trim_offsets(const Step& step, Encoding& encoding, std::string_view text,
                    const std::vector<std::int64_t>& found_in_text) const;

  std::vector<Step> steps_;
  const Vocabulary* vocabulary_ = nullptr;
};

// Leaves `most` tokens; the rest is cut off on one side.
void cut_tokens(Encoding& encoding, std::size_t most, Side side);

}  // namespace alarm_dist
