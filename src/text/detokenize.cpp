// SPDX-License-Identifier: Apache-2.0
// Undoes the spaces that a tokeniser put around punctuation. Light: hyphens, slashes and split
// words stay as they are.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "alarm/text/aclsum.hpp"

namespace alarm_dist {
namespace {

// Whether a word keeps the space on its side.
struct Joins {
  bool to_previous = false;
  bool to_next = false;
};

std::vector<std::string_view> split_words(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return words;
}

bool consists_of(std::string_view word, std::string_view characters) {
  return word.find_first_not_of(characters) == std::string_view::npos;
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 11> kSuffixes = {"'s", "'S", "n't", "'re", "'ve", "'ll",
                                                        "'d", "'m", "’s",  "”",   "…"};
constexpr std::array<std::string_view, 2> kOpeningQuotes = {"“", "‘"};

// Straight quotes do not say which side they are on: they alternate within the sentence.
class QuoteSides {
 public:
  explicit QuoteSides(const std::vector<std::string_view>& words)
      : words_(words), single_left_(std::count(words.begin(), words.end(), "'")) {}

  Joins of_double() {
    open_double_ = !open_double_;
    return open_double_ ? Joins{.to_next = true} : Joins{.to_previous = true};
  }

  // A lone ' may also be the apostrophe of a plural ("systems ' output").
  Joins of_single(std::size_t index) {
    --single_left_;
    const bool after_plural = index > 0 && words_[index - 1].ends_with('s');
    if (!open_single_ && single_left_ > 0 && !after_plural) {
      open_single_ = true;
      return {.to_next = true};
    }
    open_single_ = false;
    return {.to_previous = true};
  }

 private:
  const std::vector<std::string_view>& words_;
  std::int64_t single_left_;
  bool open_double_ = false;
  bool open_single_ = false;
};

Joins joins_of(const std::vector<std::string_view>& words, std::size_t index, QuoteSides& quotes) {
  const std::string_view word = words[index];
  if (word == "\"") return quotes.of_double();
  if (word == "'") return quotes.of_single(index);
  if (consists_of(word, "([{") || is_one_of(word, kOpeningQuotes)) return {.to_next = true};
  if (consists_of(word, ",.;:?!%)]}") || is_one_of(word, kSuffixes)) return {.to_previous = true};
  return {};
}

}  // namespace

std::string detokenize(std::string_view sentence) {
  const auto words = split_words(sentence);
  QuoteSides quotes(words);
  std::string out;
  bool joined = true;  // nothing to keep apart from yet
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Joins joins = joins_of(words, i, quotes);
    if (!joined && !joins.to_previous) out += ' ';
    out += words[i];
    joined = joins.to_next;
  }
  return out;
}

}  // namespace alarm_dist
