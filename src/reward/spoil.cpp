// SPDX-License-Identifier: Apache-2.0
// Texts made worse on purpose.
#include <algorithm>

#include "alarm/reward/pairs.hpp"

#include "reward/draws.hpp"

namespace alarm_dist {
namespace {

constexpr std::uint32_t kShuffleStream = 0x1000;
constexpr std::uint32_t kCutStream = 0x1001;

void shuffle(std::vector<std::string>& words, Draws& draws) {
  for (std::size_t i = words.size(); i > 1; --i) std::swap(words[i - 1], words[draws.below(i)]);
}

// A run of up to 4 words, said 2 to 5 times more.
void repeat(std::vector<std::string>& words, Draws& draws) {
  if (words.empty()) return;
  const std::size_t length = std::min(words.size(), 1 + draws.below(4));
  const std::size_t begin = draws.below(words.size() - length + 1);
  const auto first = words.begin() + static_cast<std::ptrdiff_t>(begin);
  const std::vector<std::string> run(first, first + static_cast<std::ptrdiff_t>(length));
  for (std::size_t times = 2 + draws.below(4); times > 0; --times) {
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(begin + length), run.begin(),
                 run.end());
  }
}

}  // namespace

std::string shuffle_or_repeat_words(std::string_view text, std::uint64_t seed, std::uint32_t draw) {
  Draws draws(seed, kShuffleStream, draw);
  std::vector<std::string> words = split_words(text);
  const std::vector<std::string> before = words;
  if (draws.uniform() < 0.5) shuffle(words, draws);
  if (words == before) repeat(words, draws);
  return join_words(words);
}

std::string cut_short(std::string_view text, std::uint64_t seed, std::uint32_t draw) {
  Draws draws(seed, kCutStream, draw);
  std::vector<std::string> words = split_words(text);
  const double share = 0.3 + 0.45 * draws.uniform();
  const auto keep = static_cast<std::size_t>(share * static_cast<double>(words.size()));
  words.resize(std::min(words.size(), std::max<std::size_t>(keep, 1)));
  std::string cut = join_words(words);
  cut.erase(cut.find_last_not_of(".,;:") + 1);
  return cut;
}

}  // namespace alarm_dist
