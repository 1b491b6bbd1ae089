// SPDX-License-Identifier: Apache-2.0
// Sentences that look like the document's and say something else.
#include <algorithm>
#include <cctype>

#include "alarm/reward/sentence_examples.hpp"

#include "reward/draws.hpp"

namespace alarm_dist {
namespace {

constexpr std::uint32_t kSwapStream = 0x1002;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// The word without the punctuation around it.
std::pair<std::size_t, std::size_t> core_of(const std::string& word) {
  const auto outer = [](char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; };
  std::size_t begin = 0;
  std::size_t end = word.size();
  while (begin < end && outer(word[begin])) ++begin;
  while (end > begin && outer(word[end - 1])) --end;
  return {begin, end};
}

bool is_number(std::string_view core) {
  return std::any_of(core.begin(), core.end(), is_digit) &&
         std::none_of(core.begin(), core.end(), is_letter);
}

// A capital inside the sentence, or two anywhere ("BERT" also at the beginning).
bool is_name(std::string_view core, bool begins_sentence) {
  const auto capitals = std::count_if(core.begin(), core.end(), is_upper);
  return core.size() >= 2 && capitals >= (begins_sentence ? 2 : 1);
}

// Each digit becomes another one; the first stays above 0, so that the number keeps its length.
std::string change_number(std::string number, Draws& draws) {
  bool first = true;
  for (char& c : number) {
    if (!is_digit(c)) continue;
    const int digit = c - '0';
    const int changed = first && digit != 0
                            ? 1 + (digit - 1 + 1 + static_cast<int>(draws.below(8))) % 9
                            : (digit + 1 + static_cast<int>(draws.below(9))) % 10;
    c = static_cast<char>('0' + changed);
    first = false;
  }
  return number;
}

std::string other_name(const std::string& name, const std::vector<std::string>& names,
                       Draws& draws) {
  if (names.empty()) return name;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const std::string& other = draws.pick(names);
    if (other != name) return other;
  }
  return name;
}

}  // namespace

std::vector<std::string> names_in(std::string_view sentence) {
  std::vector<std::string> names;
  const std::vector<std::string> words = split_words(sentence);
  for (std::size_t w = 0; w < words.size(); ++w) {
    const auto [begin, end] = core_of(words[w]);
    const std::string core = words[w].substr(begin, end - begin);
    if (is_name(core, w == 0)) names.push_back(core);
  }
  return names;
}

std::string swap_facts(std::string_view sentence, const std::vector<std::string>& names,
                       std::uint64_t seed, std::uint32_t draw) {
  Draws draws(seed, kSwapStream, draw);
  std::vector<std::string> words = split_words(sentence);
  for (std::size_t w = 0; w < words.size(); ++w) {
    const auto [begin, end] = core_of(words[w]);
    const std::string core = words[w].substr(begin, end - begin);
    if (is_number(core)) {
      words[w].replace(begin, end - begin, change_number(core, draws));
    } else if (is_name(core, w == 0)) {
      words[w].replace(begin, end - begin, other_name(core, names, draws));
    }
  }
  return join_words(words);
}

}  // namespace alarm_dist
