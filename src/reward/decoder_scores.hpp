// SPDX-License-Identifier: Apache-2.0
// A decoder with a score head, on many sequences: packed into ragged batches, where sequences with
// a common beginning share its rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "alarm/model/causal_lm.hpp"
#include "alarm/model/reward_head.hpp"

namespace alarm_dist {

// A sequence, and the tokens at which its score is read.
struct Reading {
  std::vector<std::int64_t> tokens{};
  std::vector<std::int64_t> places{};
  std::int64_t group =
      0;  // neighbours of one group (a prompt) are looked through for a common beginning
};

class DecoderScorer {
 public:
  // A Hugging Face directory whose weights are mapped, or, in another type, their copy in the cache
  // (resolve_model). label -1: the only one. Throws UsageError naming the labels of a head that has
  // several when none is chosen, or one that is not there.
  static DecoderScorer load(const std::filesystem::path& dir, const CausalLmOptions& options,
                            const std::filesystem::path& cache, std::int64_t label);

  const CausalLmShape& shape() const { return trunk_->shape(); }
  // Where a whole sequence is read.
  std::int64_t read_place(std::span<const std::int64_t> tokens) const {
    return static_cast<std::int64_t>(head_.read_place(tokens));
  }
  // Of each reading the scores at its places. At most micro_tokens rows a forward pass, or one
  // sequence.
  std::vector<std::vector<double>> score(std::span<const Reading> readings,
                                         std::int64_t micro_tokens) const;

 private:
  DecoderScorer(std::unique_ptr<CausalLm> trunk, ScoreHead head, std::int64_t label)
      : trunk_(std::move(trunk)), head_(std::move(head)), label_(label) {}

  std::unique_ptr<CausalLm> trunk_;
  ScoreHead head_;
  std::int64_t label_;
};

}  // namespace alarm_dist
