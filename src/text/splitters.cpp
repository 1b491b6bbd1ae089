// SPDX-License-Identifier: Apache-2.0
// The pre-tokenizers that only cut: at characters of a class, at a pattern, at a change of script.
#include "text/pattern.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

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

// Runs of characters of one group; group 0 is left out.
template <typename GroupOf>
std::vector<Span> runs_of(std::string_view text, GroupOf group_of) {
  std::vector<Span> runs;
  int previous = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const int group = group_of(character.code);
    if (group != 0 && group == previous) {
      runs.back().end += static_cast<std::int64_t>(character.size);
    } else if (group != 0) {
      runs.push_back(
          {static_cast<std::int64_t>(at), static_cast<std::int64_t>(at + character.size)});
    }
    previous = group;
    at += character.size;
  }
  return runs;
}

template <typename InClass>
PreTokenizerPtr split_characters(InClass in_class, SplitBehavior behavior) {
  return make_splitter([in_class, behavior](std::string_view text) {
    return split_at(characters_in(text, in_class), text.size(), behavior);
  });
}

// Words of letters and digits, and of other signs; white space is dropped.
int whitespace_group(char32_t code) {
  if (code < 0x80) {
    const bool word = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
                      (code >= '0' && code <= '9') || code == '_';
    return word ? 1 : code == ' ' || (code >= '\t' && code <= '\r') ? 0 : 2;
  }
  return is_word(code) ? 1 : is_white_space(code) ? 0 : 2;
}

// Words without white space, each punctuation sign on its own, in one pass.
std::vector<Span> split_bert(std::string_view text) {
  std::vector<Span> words;
  bool open = false;  // the last word goes on
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const auto begin = static_cast<std::int64_t>(at);
    at += character.size;
    const auto end = static_cast<std::int64_t>(at);
    if (is_white_space(character.code)) {
      open = false;
    } else if (is_bert_punctuation(character.code)) {
      words.push_back({begin, end});
      open = false;
    } else if (open) {
      words.back().end = end;
    } else {
      words.push_back({begin, end});
      open = true;
    }
  }
  return words;
}

// A piece ends where a character of another script begins; spaces end none.
std::vector<Span> split_scripts(std::string_view text) {
  std::vector<Span> pieces;
  int last = 0;
  bool any = true;  // nothing seen yet
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const int script = sentencepiece_script(character.code);
    const auto begin = static_cast<std::int64_t>(at);
    at += character.size;
    if (script != 0 && (any || script != last)) {
      if (!pieces.empty()) pieces.back().end = begin;
      pieces.push_back({begin, static_cast<std::int64_t>(text.size())});
    }
    if (script != 0) {
      last = script;
      any = false;
    }
  }
  return pieces;
}

std::vector<Span> split_length(std::string_view text, std::int64_t length) {
  std::vector<Span> pieces;
  std::int64_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto begin = static_cast<std::int64_t>(at);
    at += character_at(text, at).size;
    if (count % length == 0) pieces.push_back({begin, begin});
    pieces.back().end = static_cast<std::int64_t>(at);
  }
  return pieces;
}

}  // namespace

PreTokenizerPtr make_bert_pre_tokenizer(const JsonField&) { return make_splitter(split_bert); }

PreTokenizerPtr make_char_delimiter_split(const JsonField& field) {
  const std::string delimiter = field.at("delimiter").text();
  ALARM_CHECK(count_characters(delimiter) == 1,
              "{}.delimiter: expected one character, found \"{}\"", field.where(), delimiter);
  const char32_t code = character_at(delimiter, 0).code;
  return split_characters([code](char32_t other) { return other == code; },
                          SplitBehavior::kRemoved);
}

PreTokenizerPtr make_digits(const JsonField& field) {
  const bool individual = field.boolean_or("individual_digits", false);
  return split_characters(is_numeric,
                          individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
}

PreTokenizerPtr make_fixed_length(const JsonField& field) {
  const std::int64_t length = field.integer_or("length", 5);
  ALARM_CHECK(length > 0, "{}.length: expected 1 or more, found {}", field.where(), length);
  return make_splitter([length](std::string_view text) { return split_length(text, length); });
}

PreTokenizerPtr make_punctuation(const JsonField& field) {
  const auto behavior =
      field.has("behavior") ? read_split_behavior(field.at("behavior")) : SplitBehavior::kIsolated;
  return split_characters(is_bert_punctuation, behavior);
}

PreTokenizerPtr make_split(const JsonField& field) {
  const SplitBehavior behavior = read_split_behavior(field.at("behavior"));
  const Inverted inverted = field.boolean_or("invert", false) ? Inverted::kYes : Inverted::kNo;
  const Matcher matcher = make_matcher(field.at("pattern"));
  return make_splitter([matcher, behavior, inverted](std::string_view text) {
    return split_at(matcher(text), text.size(), behavior, inverted);
  });
}

PreTokenizerPtr make_unicode_scripts(const JsonField&) { return make_splitter(split_scripts); }

PreTokenizerPtr make_whitespace(const JsonField&) {
  return make_splitter([](std::string_view text) { return runs_of(text, whitespace_group); });
}

PreTokenizerPtr make_whitespace_split(const JsonField&) {
  return make_splitter([](std::string_view text) {
    return runs_of(text, [](char32_t code) { return is_white_space(code) ? 0 : 1; });
  });
}

}  // namespace alarm_dist
