// SPDX-License-Identifier: Apache-2.0
// How a record and a response become the sequence that a reward model reads.
//
//   [CLS] first [SEP]  or  [CLS] first [SEP] second [SEP]     BERT, DeBERTa: types 0, then 1
//   <s> first </s>     or  <s> first </s></s> second </s>     RoBERTa, Longformer: type 0
//
// as the tokenizer's special tokens say. A segment is text with the placeholders {question}
// {aspect} {document} {response} {sentence}; what stands between them is taken literally, and every
// part is tokenised on its own, with the space that precedes it. A model that scores sentences has
// {sentence}, any other has {response}; a sentence model may show the response that the sentence
// stands in as well. A classifier of tokens has {sentences}, all of them, each behind a token [SEP]
// or </s> at which it is read (Wu et al. 2023).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// What is scored. The sentences are empty where the template has none.
struct ScoredText {
  std::string_view response;
  std::string_view sentence{};
  std::span<const std::string_view> sentences{};
};

bool scores_sentences(const InputTemplate& input_template);  // it has {sentence} or {sentences}
bool marks_sentences(const InputTemplate& input_template);   // it has {sentences}

// What it shows of a record: some of "question", "aspect", "document".
std::vector<std::string> reads(const InputTemplate& input_template);

// Throws UsageError naming a placeholder that is not known, missing, or not to stand beside
// another, or a budget that holds nothing.
void check_template(const InputTemplate& input_template);

// Throws Error naming the reward model when the encoder has no positions for max_tokens, no
// embedding of a token or no type for the second segment.
void check_encoder_fits(const std::string& name, const InputTemplate& input_template,
                        const Tokenizer& tokenizer, const EncoderModel& model);

// What is too long is cut on the right: the document first, then the response beside a sentence,
// and what is scored itself only when it is too long alone. The score rests on the tokens of what
// is scored (EncoderInput::pool_begin); where that is empty, on the whole sequence. Throws Error
// when not even the rest fits, naming the record, or when the tokenizer has the special tokens of
// neither form.
EncoderInput build_input(const Tokenizer& tokenizer, const InputTemplate& input_template,
                         const Record& record, const ScoredText& text);

// The same of a template with {sentences}, and where the token before each sentence stands.
// Sentences are not cut; white space in them becomes single spaces.
struct MarkedInput {
  EncoderInput input{};
  std::vector<std::int64_t> marks{};
};
MarkedInput build_marked_input(const Tokenizer& tokenizer, const InputTemplate& input_template,
                               const Record& record, const ScoredText& text);

}  // namespace alarm_dist
