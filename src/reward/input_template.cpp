// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/input_template.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

#include "reward/placeholders.hpp"

namespace alarm_dist {
namespace {

enum class Field { kQuestion, kAspect, kDocument, kResponse, kSentence, kLiteral };
// In the order of the fields.
constexpr std::array<std::string_view, 5> kNames = {"question", "aspect", "document", "response",
                                                    "sentence"};

struct Part {
  Field field = Field::kLiteral;
  std::string_view literal{};
  std::vector<std::int64_t> tokens{};
};

// White space between placeholders is left out: parts are tokenised on their own.
std::vector<Part> parse_segment(std::string_view segment) {
  std::vector<Part> parts;
  for (const TemplatePart& part : split_template(segment, kNames)) {
    if (!part.placeholder.empty()) {
      const auto* found = std::ranges::find(kNames, part.placeholder);
      parts.push_back({.field = static_cast<Field>(found - kNames.begin())});
    } else if (!trim(part.literal).empty()) {
      parts.push_back({.field = Field::kLiteral, .literal = part.literal});
    }
  }
  return parts;
}

bool has_field(const std::vector<Part>& parts, Field field) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const Part& part) { return part.field == field; });
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
  }
  return {};
}

// The parts of both segments while they are cut to the budget.
class Sequence {
 public:
  explicit Sequence(const InputTemplate& input_template)
      : first_(parse_segment(input_template.first)),
        second_(parse_segment(input_template.second)) {}

  void encode(const Tokenizer& tokenizer, const Record& record, const ScoredText& text,
              std::int64_t document_tokens, DocumentCut cut_at) {
    for (auto* segment : {&first_, &second_}) {
      for (Part& part : *segment) {
        part.tokens = tokenizer.encode(text_of(part, record, text)).ids;
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

  // With [CLS] and a [SEP] for each segment.
  std::int64_t size() const {
    std::int64_t tokens = second_.empty() ? 2 : 3;
    for (const auto* segment : {&first_, &second_}) {
      for (const Part& part : *segment) tokens += static_cast<std::int64_t>(part.tokens.size());
    }
    return tokens;
  }

  EncoderInput assemble(std::int64_t cls, std::int64_t sep) const {
    EncoderInput input{.tokens = {cls}, .types = {0}};
    append(input, first_, sep, 0);
    if (!second_.empty()) append(input, second_, sep, 1);
    return input;
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

  static void append(EncoderInput& input, const std::vector<Part>& segment, std::int64_t sep,
                     std::int64_t type) {
    for (const Part& part : segment) {
      const auto begin = static_cast<std::int64_t>(input.tokens.size());
      input.tokens.insert(input.tokens.end(), part.tokens.begin(), part.tokens.end());
      const bool scored =
          part.field == Field::kSentence || (part.field == Field::kResponse && input.pool_end == 0);
      if (scored && !part.tokens.empty()) {
        input.pool_begin = begin;
        input.pool_end = static_cast<std::int64_t>(input.tokens.size());
      }
    }
    input.tokens.push_back(sep);
    input.types.resize(input.tokens.size(), type);
  }

  std::vector<Part> first_;
  std::vector<Part> second_;
};

std::int64_t special_token(const Tokenizer& tokenizer, std::string_view token) {
  const std::optional<std::int64_t> id = tokenizer.id_of(token);
  ALARM_CHECK(id.has_value(), "the reward model's tokenizer has no {}, which its template needs",
              token);
  return *id;
}

}  // namespace

bool scores_sentences(const InputTemplate& input_template) {
  return has_field(parse_segment(input_template.first), Field::kSentence) ||
         has_field(parse_segment(input_template.second), Field::kSentence);
}

void check_template(const InputTemplate& input_template) {
  const std::vector<Part> first = parse_segment(input_template.first);
  const std::vector<Part> second = parse_segment(input_template.second);
  const bool scored = has_field(first, Field::kResponse) || has_field(second, Field::kResponse) ||
                      scores_sentences(input_template);
  if (!scored) {
    throw UsageError(fmt::format(
        "the template '{}' + '{}' of a reward model has neither {{response}} nor {{sentence}}",
        input_template.first, input_template.second));
  }
  if (input_template.max_tokens < 8 || input_template.max_document_tokens < 0) {
    throw UsageError(
        fmt::format("the template of a reward model has max_tokens {} (expected at least 8) and "
                    "max_document_tokens {} (expected at least 0)",
                    input_template.max_tokens, input_template.max_document_tokens));
  }
}

EncoderInput build_input(const Tokenizer& tokenizer, const InputTemplate& input_template,
                         const Record& record, const ScoredText& text) {
  Sequence sequence(input_template);
  sequence.encode(tokenizer, record, text, input_template.max_document_tokens,
                  input_template.document_cut);
  sequence.cut_to(input_template.max_tokens, Field::kDocument);
  sequence.cut_to(input_template.max_tokens, Field::kResponse);
  sequence.cut_to(input_template.max_tokens, Field::kSentence);
  ALARM_CHECK(sequence.size() <= input_template.max_tokens,
              "record {}: {} tokens are left without document and response, the template allows {}",
              record.id, sequence.size(), input_template.max_tokens);
  return sequence.assemble(special_token(tokenizer, "[CLS]"), special_token(tokenizer, "[SEP]"));
}

}  // namespace alarm_dist
