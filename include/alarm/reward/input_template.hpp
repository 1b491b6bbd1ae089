// SPDX-License-Identifier: Apache-2.0
// How a record and a response become the sequence that a reward model reads.
//
//   [CLS] first [SEP]                    token types 0
//   [CLS] first [SEP] second [SEP]       types 0, and 1 from the second segment on
//
// A segment is text with the placeholders {question} {aspect} {document} {response} {sentence};
// what stands between them is taken literally, and every part is tokenised on its own. A model that
// scores sentences has {sentence}, any other has {response}; a sentence model may show the response
// that the sentence stands in as well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "alarm/model/encoder.hpp"
#include "alarm/text/dataset.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// What goes of a document beyond max_document_tokens: its end, or its middle (what a paper achieves
// stands at the end of its abstract).
enum class DocumentCut { kEnd, kMiddle };

struct InputTemplate {
  std::string first = "{question} {response}";
  std::string second = "{document}";     // empty: one segment
  std::int64_t max_tokens = 256;         // of the whole sequence
  std::int64_t max_document_tokens = 0;  // 0: as much as fits
  DocumentCut document_cut = DocumentCut::kEnd;
  friend bool operator==(const InputTemplate&, const InputTemplate&) = default;
};

// What is scored. The sentence is empty where the template has none.
struct ScoredText {
  std::string_view response;
  std::string_view sentence{};
};

bool scores_sentences(const InputTemplate& input_template);  // it has {sentence}

// Throws UsageError naming a placeholder that is not known or missing, or a budget that holds
// nothing.
void check_template(const InputTemplate& input_template);

// What is too long is cut on the right: the document first, then the response beside a sentence,
// and what is scored itself only when it is too long alone. The score rests on the tokens of what
// is scored (EncoderInput::pool_begin); where that is empty, on the whole sequence. Throws Error
// when not even the rest fits, naming the record, or when the tokenizer has no [CLS] or [SEP].
EncoderInput build_input(const Tokenizer& tokenizer, const InputTemplate& input_template,
                         const Record& record, const ScoredText& text);

}  // namespace alarm_dist
