// SPDX-License-Identifier: Apache-2.0
// Sub-sentences as ALaRM's long-form question answering cuts them (specs/alarm.md 2.1), and where
// spans end in tokens.
#include <algorithm>

#include "alarm/text/sentences.hpp"

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

constexpr std::size_t kLeastWords = 5;

std::vector<Span> split_words(std::string_view text, Span within) {
  std::vector<Span> words;
  bool inside = false;
  for (std::int64_t at = within.begin; at < within.end;) {
    const Character character = character_or_replacement(text, static_cast<std::size_t>(at));
    const auto size = static_cast<std::int64_t>(character.size);
    if (is_white_space(character.code)) {
      inside = false;
    } else if (inside) {
      words.back().end = at + size;
    } else {
      words.push_back({at, at + size});
      inside = true;
    }
    at += size;
  }
  return words;
}

bool may_end_sub_sentence(std::string_view text, const Span& word) {
  return std::string_view(",;!?").find(text[static_cast<std::size_t>(word.end - 1)]) !=
         std::string_view::npos;
}

// Indices of the words that start a sub-sentence; the first is 0.
std::vector<std::size_t> sub_sentence_starts(std::string_view text,
                                             const std::vector<Span>& words) {
  std::vector<std::size_t> starts = {0};
  for (std::size_t next = 1; next + kLeastWords < words.size(); ++next) {
    if (!may_end_sub_sentence(text, words[next - 1])) continue;
    const bool too_short = next - starts.back() < kLeastWords;
    if (too_short && starts.back() == 0) continue;
    if (too_short) {
      starts.back() = next;  // the short piece joins the one before it
    } else {
      starts.push_back(next);
    }
  }
  return starts;
}

}  // namespace

std::vector<Span> split_sub_sentences(std::string_view text) {
  std::vector<Span> out;
  for (const Span& sentence : split_sentences(text)) {
    const auto words = split_words(text, sentence);
    if (words.empty()) continue;
    const auto starts = sub_sentence_starts(text, words);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : words.size();
      out.push_back({words[starts[i]].begin, words[end - 1].end});
    }
  }
  return out;
}

std::vector<std::int64_t> end_tokens(const std::vector<Span>& spans,
                                     const std::vector<Span>& token_offsets) {
  std::vector<std::int64_t> ends;
  for (const Span& span : spans) {
    const auto overlaps = [&](const Span& token) {
      return token.begin < token.end && token.begin < span.end && token.end > span.begin;
    };
    const auto last = std::find_if(token_offsets.rbegin(), token_offsets.rend(), overlaps);
    ends.push_back(static_cast<std::int64_t>(token_offsets.rend() - last) - 1);
  }
  return ends;
}

}  // namespace alarm_dist
