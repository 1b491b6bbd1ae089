// SPDX-License-Identifier: Apache-2.0
// What a holistic reward model learns from: the expert's answer over a worse one.
//
// All functions are pure: the same data set, mix, count and seed give the same pairs on every rank.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/text/dataset.hpp"

namespace alarm_dist {

// What the rejected text is: the expert's answer about another aspect of the document, or about
// another document; what a model wrote; the chosen text with its words shuffled or a run of them
// repeated; the chosen text cut short.
enum class PairKind { kOtherAspect, kOtherPaper, kModelWritten, kShuffled, kCut };
inline constexpr std::array<PairKind, 5> kPairKinds = {
    PairKind::kOtherAspect, PairKind::kOtherPaper, PairKind::kModelWritten, PairKind::kShuffled,
    PairKind::kCut};
// other_aspect | other_paper | model_written | shuffled | cut
std::string_view to_string(PairKind kind);

struct PreferencePair {
  const Record* record = nullptr;  // of the data set that the pair was made from
  std::string chosen{};
  std::string rejected{};
  PairKind kind = PairKind::kOtherAspect;
};

// Shares of the kinds. They need not sum to 1.
struct PairMix {
  double other_aspect = 0.4;
  double other_paper = 0.2;
  double model_written = 0.2;
  double shuffled = 0.1;
  double cut = 0.1;
  double share(PairKind kind) const;  // of the sum
};

using TextsByRecord = std::map<std::string, std::vector<std::string>>;  // record id -> texts

// Exactly `count` pairs in random order, each kind with its share (largest remainders). Within a
// kind every record is used once before any is used again; records of one document are those with
// the same `document`. Throws Error when a kind with a share cannot be made: no references, one
// aspect or one document only, no model-written texts.
std::vector<PreferencePair> make_pairs(const Dataset& dataset, const PairMix& mix,
                                       const TextsByRecord& model_written, std::int64_t count,
                                       std::uint64_t seed);

// The two spoilt forms of a text. `draw` tells one spoiling from another under the same seed.
std::string shuffle_or_repeat_words(std::string_view text, std::uint64_t seed, std::uint32_t draw);
// Keeps 30 to 75% of the words.
std::string cut_short(std::string_view text, std::uint64_t seed, std::uint32_t draw);

}  // namespace alarm_dist
