// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.hpp"

#include <memory>

#include "text/regex.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

// GPT-2's words: English contractions, then runs of letters, digits or other signs, each with the
// space before it.
constexpr const char* kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

enum class Matches { kKept, kRemoved };

// The matches as pieces of their own, or left out, and what lies between them.
std::vector<Span> split_at(const std::vector<Span>& matches, std::size_t size, Matches treatment) {
  std::vector<Span> pieces;
  std::int64_t end = 0;
  for (const Span& match : matches) {
    if (match.begin > end) pieces.push_back({end, match.begin});
    if (treatment == Matches::kKept) pieces.push_back(match);
    end = match.end;
  }
  if (end < static_cast<std::int64_t>(size))
    pieces.push_back({end, static_cast<std::int64_t>(size)});
  return pieces;
}

std::vector<Span> complement(const std::vector<Span>& matches, std::size_t size) {
  return split_at(matches, size, Matches::kRemoved);
}

// Characters that belong to the class, each on its own.
template <typename InClass>
std::vector<Span> characters_in(std::string_view text, InClass in_class) {
  std::vector<Span> found;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const auto begin = static_cast<std::int64_t>(at);
    at += character.size;
    if (in_class(character.code)) found.push_back({begin, static_cast<std::int64_t>(at)});
  }
  return found;
}

std::vector<Span> join_neighbours(const std::vector<Span>& spans) {
  std::vector<Span> runs;
  for (const Span& span : spans) {
    if (!runs.empty() && runs.back().end == span.begin) {
      runs.back().end = span.end;
    } else {
      runs.push_back(span);
    }
  }
  return runs;
}

std::vector<Span> literal_matches(std::string_view text, std::string_view literal) {
  std::vector<Span> found;
  for (std::size_t at = text.find(literal); at != std::string_view::npos;
       at = text.find(literal, at + literal.size())) {
    found.push_back(
        {static_cast<std::int64_t>(at), static_cast<std::int64_t>(at + literal.size())});
  }
  return found;
}

using Splitter = std::function<std::vector<Span>(std::string_view)>;

Splitter make_matcher(const JsonField& pattern) {
  if (pattern.has("Regex")) {
    const auto regex = std::make_shared<const Regex>(pattern.at("Regex").text());
    return [regex](std::string_view text) { return regex->find_all(text); };
  }
  const std::string literal = pattern.at("String").text();
  ALARM_CHECK(!literal.empty(), "{}: the pattern is empty", pattern.where());
  return [literal](std::string_view text) { return literal_matches(text, literal); };
}

Splitter make_split(const JsonField& field) {
  const std::string behavior = field.at("behavior").text();
  if (behavior != "Isolated" && behavior != "Removed")
    field.refuse("split behavior \"" + behavior + "\"");
  const Matches treatment = behavior == "Isolated" ? Matches::kKept : Matches::kRemoved;
  const bool invert = field.boolean_or("invert", false);
  const Splitter matcher = make_matcher(field.at("pattern"));
  return [matcher, treatment, invert](std::string_view text) {
    auto matches = matcher(text);
    if (invert) matches = complement(matches, text.size());
    return split_at(matches, text.size(), treatment);
  };
}

Splitter make_digits(const JsonField& field) {
  const bool individual = field.boolean_or("individual_digits", false);
  return [individual](std::string_view text) {
    const auto digits = characters_in(text, is_numeric);
    return split_at(individual ? digits : join_neighbours(digits), text.size(), Matches::kKept);
  };
}

std::vector<Span> split_white_space(std::string_view text) {
  return split_at(characters_in(text, is_white_space), text.size(), Matches::kRemoved);
}

std::vector<Span> split_punctuation(std::string_view text) {
  return split_at(characters_in(text, is_bert_punctuation), text.size(), Matches::kKept);
}

}  // namespace

PreTokenizer::PreTokenizer(const JsonField& field) { add(field); }

void PreTokenizer::add(const JsonField& field) {
  const std::string type = field.type();
  if (byte_level_) field.refuse("pre-tokenizer \"" + type + "\" after ByteLevel");
  if (type == "Sequence") {
    for (const auto& step : field.at("pretokenizers").elements()) add(step);
  } else if (type == "ByteLevel") {
    add_byte_level(field);
  } else if (type == "Split") {
    splitters_.push_back(make_split(field));
  } else if (type == "Digits") {
    splitters_.push_back(make_digits(field));
  } else if (type == "BertPreTokenizer") {
    splitters_.emplace_back(split_white_space);
    splitters_.emplace_back(split_punctuation);
  } else {
    field.refuse("pre-tokenizer \"" + type + "\"");
  }
}

void PreTokenizer::add_byte_level(const JsonField& field) {
  add_prefix_space_ = field.boolean_or("add_prefix_space", true);
  if (add_prefix_space_ && !splitters_.empty()) {
    field.refuse("add_prefix_space after another pre-tokenizer");
  }
  byte_level_ = true;
  if (!field.boolean_or("use_regex", true)) return;
  const auto words = std::make_shared<const Regex>(kGpt2Words);
  splitters_.emplace_back([words](std::string_view text) {
    return split_at(words->find_all(text), text.size(), Matches::kKept);
  });
}

std::vector<Span> PreTokenizer::split(AlignedText& text) const {
  if (text.text().empty()) return {};
  if (add_prefix_space_ && text.text().front() != ' ') text.prepend_space();
  std::vector<Span> pieces = {{0, static_cast<std::int64_t>(text.text().size())}};
  for (const auto& splitter : splitters_) {
    std::vector<Span> next;
    for (const Span& piece : pieces) {
      const auto word = std::string_view(text.text())
                            .substr(static_cast<std::size_t>(piece.begin),
                                    static_cast<std::size_t>(piece.end - piece.begin));
      for (const Span& part : splitter(word)) {
        next.push_back({piece.begin + part.begin, piece.begin + part.end});
      }
    }
    pieces = std::move(next);
  }
  return pieces;
}

}  // namespace alarm_dist
