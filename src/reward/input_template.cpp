// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/input_template.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "alarm/base/error.hpp"

#include "reward/draws.hpp"
#include "reward/placeholders.hpp"
#include "reward/sequence_frame.hpp"

namespace alarm_dist {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

enum class Field { kQuestion, kAspect, kDocument, kResponse, kSentence, kSentences, kLiteral };
// In the order of the fields.
constexpr std::array<std::string_view, 6> kNames = {"question", "aspect",   "document",
                                                    "response", "sentence", "sentences"};

struct Part {
  Field field = Field::kLiteral;
  std::string_view literal{};
  std::string_view space{};  // before it: to a byte-level tokenizer a word with one is another
  std::vector<std::int64_t> tokens{};
  std::vector<std::int64_t> marks{};  // places among the tokens: what precedes each sentence
};

// Parts are tokenised on their own, each with the white space before it.
std::vector<Part> parse_segment(std::string_view segment) {
  std::vector<Part> parts;
  std::string_view space;
  for (const TemplatePart& part : split_template(segment, kNames)) {
    if (!part.placeholder.empty()) {
      const auto* found = std::ranges::find(kNames, part.placeholder);
      parts.push_back(
          {.field = static_cast<Field>(found - kNames.begin()), .space = std::exchange(space, {})});
      continue;
    }
    const auto end = part.literal.find_last_not_of(kSpaces) + 1;  // 0: there are spaces only
    if (end > 0) {
      parts.push_back({.field = Field::kLiteral,
                       .literal = part.literal.substr(0, end),
                       .space = std::exchange(space, {})});
    }
    if (end < part.literal.size()) space = part.literal.substr(end);
  }
  return parts;
}

// Of both segments.
std::int64_t count_fields(const InputTemplate& input_template, Field field) {
  return std::ranges::count(parse_segment(input_template.first), field, &Part::field) +
         std::ranges::count(parse_segment(input_template.second), field, &Part::field);
}

std::string_view text_of(const Part& part, const Record& record, const ScoredText& text) {
  switch (part.field) {
    case Field::kLiteral:
      return part.literal;
    case Field::kQuestion:
      return record.question;
    case Field::kAspect:
      return record.aspect;
    case Field::kDocument:
      return record.document;
    case Field::kResponse:
      return text.response;
    case Field::kSentence:
      return text.sentence;
    case Field::kSentences:
      break;  // many texts
  }
  return {};
}

// The parts of both segments while they are cut to the budget.
class Sequence {
 public:
  Sequence(const InputTemplate& input_template, const SequenceFrame& frame)
      : frame_(frame),
        first_(parse_segment(input_template.first)),
        second_(parse_segment(input_template.second)) {}

  void encode(const Tokenizer& tokenizer, const Record& record, const ScoredText& text,
              std::int64_t document_tokens, DocumentCut cut_at) {
    for (auto* segment : {&first_, &second_}) {
      for (Part& part : *segment) {
        if (part.field == Field::kSentences) encode_sentences(tokenizer, text.sentences, part);
        const auto content = text_of(part, record, text);
        if (content.empty()) continue;
        part.tokens = tokenizer.encode(std::string(part.space) + std::string(content)).ids;
        if (part.field == Field::kDocument && document_tokens > 0)
          cut_document(part, document_tokens, cut_at);
      }
    }
  }

  // Takes tokens off the ends of the parts with this field until the sequence fits.
  void cut_to(std::int64_t max_tokens, Field field) {
    for (auto* segment : {&second_, &first_}) {
      for (auto part = segment->rbegin(); part != segment->rend(); ++part) {
        const std::int64_t excess = size() - max_tokens;
        if (excess <= 0) return;
        const auto have = static_cast<std::int64_t>(part->tokens.size());
        if (part->field == field) cut(*part, std::max<std::int64_t>(have - excess, 0));
      }
    }
  }

  std::int64_t size() const {
    std::int64_t tokens = frame_.size(!second_.empty());
    for (const auto* segment : {&first_, &second_}) {
      for (const Part& part : *segment) tokens += static_cast<std::int64_t>(part.tokens.size());
    }
    return tokens;
  }

  MarkedInput assemble() const {
    MarkedInput marked{.input = {.tokens = {frame_.begin}, .types = {0}}};
    append(marked, first_, second_.empty() ? 1 : frame_.between, 0);
    if (!second_.empty()) append(marked, second_, 1, frame_.second_type);
    return marked;
  }

 private:
  static void cut(Part& part, std::int64_t tokens) {
    if (static_cast<std::int64_t>(part.tokens.size()) > tokens)
      part.tokens.resize(static_cast<std::size_t>(tokens));
  }

  static void cut_document(Part& part, std::int64_t tokens, DocumentCut cut_at) {
    const auto have = static_cast<std::int64_t>(part.tokens.size());
    if (have > tokens && cut_at == DocumentCut::kMiddle) {
      const auto head = (tokens + 1) / 2;
      part.tokens.erase(part.tokens.begin() + head, part.tokens.end() - (tokens - head));
    }
    cut(part, tokens);
  }

  void encode_sentences(const Tokenizer& tokenizer, std::span<const std::string_view> sentences,
                        Part& part) const {
    for (const auto sentence : sentences) {
      part.marks.push_back(static_cast<std::int64_t>(part.tokens.size()));
      part.tokens.push_back(frame_.end);
      const auto words = tokenizer.encode(" " + join_words(split_words(sentence))).ids;
      part.tokens.insert(part.tokens.end(), words.begin(), words.end());
    }
  }

  // With so many end tokens.
  void append(MarkedInput& marked, const std::vector<Part>& segment, std::int64_t ends,
              std::int64_t type) const {
    EncoderInput& input = marked.input;
    for (const Part& part : segment) {
      const auto begin = static_cast<std::int64_t>(input.tokens.size());
      input.tokens.insert(input.tokens.end(), part.tokens.begin(), part.tokens.end());
      for (const auto mark : part.marks) marked.marks.push_back(begin + mark);
      const bool scored =
          part.field == Field::kSentence || (part.field == Field::kResponse && input.pool_end == 0);
      if (scored && !part.tokens.empty()) {
        input.pool_begin = begin;
        input.pool_end = static_cast<std::int64_t>(input.tokens.size());
      }
    }
    input.tokens.insert(input.tokens.end(), static_cast<std::size_t>(ends), frame_.end);
    input.types.resize(input.tokens.size(), type);
  }

  SequenceFrame frame_;
  std::vector<Part> first_;
  std::vector<Part> second_;
};

}  // namespace

bool scores_sentences(const InputTemplate& input_template) {
  return count_fields(input_template, Field::kSentence) > 0 || marks_sentences(input_template);
}

bool marks_sentences(const InputTemplate& input_template) {
  return count_fields(input_template, Field::kSentences) > 0;
}

void check_template(const InputTemplate& input_template) {
  if (count_fields(input_template, Field::kResponse) == 0 && !scores_sentences(input_template)) {
    throw UsageError(
        fmt::format("the template '{}' + '{}' of a reward model has neither {{response}} nor "
                    "{{sentence}} nor {{sentences}}",
                    input_template.first, input_template.second));
  }
  const auto lists = count_fields(input_template, Field::kSentences);
  if (lists > 1 || (lists > 0 && count_fields(input_template, Field::kSentence) > 0)) {
    throw UsageError(fmt::format(
        "the template '{}' + '{}' of a reward model has {{sentences}} {}, where each "
        "sentence is read once; expected it alone",
        input_template.first, input_template.second, lists > 1 ? "twice" : "beside {sentence}"));
  }
  if (input_template.max_tokens < 8 || input_template.max_document_tokens < 0) {
    throw UsageError(
        fmt::format("the template of a reward model has max_tokens {} (expected at least 8) and "
                    "max_document_tokens {} (expected at least 0)",
                    input_template.max_tokens, input_template.max_document_tokens));
  }
}

std::vector<std::string> reads(const InputTemplate& input_template) {
  std::vector<std::string> names;
  for (const auto field : {Field::kQuestion, Field::kAspect, Field::kDocument}) {
    if (count_fields(input_template, field) > 0)
      names.emplace_back(kNames.at(static_cast<std::size_t>(field)));
  }
  return names;
}

void check_encoder_fits(const std::string& name, const InputTemplate& input_template,
                        const Tokenizer& tokenizer, const EncoderModel& model) {
  ALARM_CHECK(input_template.max_tokens <= model.max_positions(),
              "reward model '{}': the template allows {} tokens, the encoder has {} positions",
              name, input_template.max_tokens, model.max_positions());
  ALARM_CHECK(tokenizer.id_limit() <= model.vocabulary_size(),
              "reward model '{}': its tokenizer has ids up to {}, its embedding {} rows", name,
              tokenizer.id_limit() - 1, model.vocabulary_size());
  const auto last_type = input_template.second.empty() ? 0 : find_frame(tokenizer).second_type;
  ALARM_CHECK(model.token_types() == 0 || last_type < model.token_types(),
              "reward model '{}': behind [SEP] its second text has the token type {}, its encoder "
              "has {} type{}; expected a tokenizer with <s> and </s>, or one text",
              name, last_type, model.token_types(), model.token_types() == 1 ? "" : "s");
}

MarkedInput build_marked_input(const Tokenizer& tokenizer, const InputTemplate& input_template,
                               const Record& record, const ScoredText& text) {
  Sequence sequence(input_template, find_frame(tokenizer));
  sequence.encode(tokenizer, record, text, input_template.max_document_tokens,
                  input_template.document_cut);
  sequence.cut_to(input_template.max_tokens, Field::kDocument);
  sequence.cut_to(input_template.max_tokens, Field::kResponse);
  sequence.cut_to(input_template.max_tokens, Field::kSentence);
  ALARM_CHECK(sequence.size() <= input_template.max_tokens,
              "record {}: {} tokens are left without document and response, the template allows {}",
              record.id, sequence.size(), input_template.max_tokens);
  return sequence.assemble();
}

EncoderInput build_input(const Tokenizer& tokenizer, const InputTemplate& input_template,
                         const Record& record, const ScoredText& text) {
  if (marks_sentences(input_template)) {
    throw UsageError(
        "{sentences} in the template of a reward model is for token classifiers, which are scored "
        "with and not trained");
  }
  return build_marked_input(tokenizer, input_template, record, text).input;
}

}  // namespace alarm_dist
