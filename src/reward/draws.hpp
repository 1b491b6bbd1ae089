// SPDX-License-Identifier: Apache-2.0
// Draws for training material: numbered streams under one seed (Purpose::kPairs), each read from
// its beginning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/base/random.hpp"

namespace alarm_dist {

class Draws {
 public:
  Draws(std::uint64_t seed, std::uint32_t stream, std::uint32_t item)
      : key_{.seed = seed, .purpose = Purpose::kPairs, .step = stream, .sample = item, .token = 0} {
  }

  std::size_t below(std::size_t n) {
    const std::uint64_t value = draw_below(key_, n);
    ++key_.token;
    return static_cast<std::size_t>(value);
  }
  double uniform() {
    const double value = draw_uniform(key_);
    ++key_.token;
    return value;
  }
  template <typename T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  DrawKey key_;
};

// Item number n of an endless walk over 0..size-1 in which every item comes once before any comes
// again.
class EvenWalk {
 public:
  EvenWalk(std::uint64_t seed, std::uint32_t stream, std::size_t size)
      : seed_(seed), stream_(stream), size_(size) {}

  std::size_t next() {
    if (at_ == order_.size()) {
      order_ = draw_permutation(
          {.seed = seed_, .purpose = Purpose::kPairs, .step = stream_, .sample = round_++},
          static_cast<std::int64_t>(size_));
      at_ = 0;
    }
    return static_cast<std::size_t>(order_[at_++]);
  }

 private:
  std::uint64_t seed_;
  std::uint32_t stream_;
  std::size_t size_;
  std::uint32_t round_ = 0;
  std::vector<std::int64_t> order_{};
  std::size_t at_ = 0;
};

// Words between white space.
inline std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    at = end;
  }
  return words;
}

inline std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

}  // namespace alarm_dist
