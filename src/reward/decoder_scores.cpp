// SPDX-License-Identifier: Apache-2.0
#include "reward/decoder_scores.hpp"

#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

using Tokens = std::span<const std::int64_t>;

std::int64_t choose_label(const std::filesystem::path& dir, std::int64_t labels,
                          std::int64_t label) {
  if (label < 0 && labels == 1) return 0;
  if (label < 0 || label >= labels) {
    throw UsageError(fmt::format(
        "{}: its score head has {} labels, expected `label` to be one of 0 to {}, found {}",
        dir.string(), labels, labels - 1, label < 0 ? "none" : std::to_string(label)));
  }
  return label;
}

// The end of the run of readings of one group that begins at `begin`.
std::size_t group_end(std::span<const Reading> readings, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < readings.size() && readings[end].group == readings[begin].group) ++end;
  return end;
}

std::size_t common_beginning(std::span<const Reading> readings) {
  std::size_t common = readings.front().tokens.size();
  for (const Reading& reading : readings) {
    const auto limit = std::min(common, reading.tokens.size());
    const auto differ = std::mismatch(reading.tokens.begin(),
                                      reading.tokens.begin() + static_cast<std::ptrdiff_t>(limit),
                                      readings.front().tokens.begin());
    common = static_cast<std::size_t>(differ.first - reading.tokens.begin());
  }
  return common;
}

// A forward pass' worth of sequences, and the rows at which they are read.
class Pack {
 public:
  // The readings that follow share this beginning.
  void share(Tokens beginning) {
    shared_ = static_cast<std::int64_t>(beginning.size());
    parent_ = batch_.add(beginning);
  }
  void add(const Reading& reading) {
    const auto tail = Tokens(reading.tokens).subspan(static_cast<std::size_t>(shared_));
    const auto& child = batch_.segments[static_cast<std::size_t>(batch_.add(tail, parent_))];
    const auto& above = batch_.segments[static_cast<std::size_t>(parent_)];
    for (const auto place : reading.places)
      rows_.push_back(place < shared_ ? above.begin + place : child.begin + place - shared_);
    ++readings_;
  }
  const RaggedBatch& batch() const { return batch_; }
  const std::vector<std::int64_t>& rows() const { return rows_; }
  std::size_t readings() const { return readings_; }

 private:
  RaggedBatch batch_;
  std::vector<std::int64_t> rows_;
  std::size_t readings_ = 0;
  int parent_ = -1;
  std::int64_t shared_ = 0;
};

// All readings in packs, in order.
std::vector<Pack> pack(std::span<const Reading> readings, std::int64_t micro_tokens) {
  std::vector<Pack> packs;
  for (std::size_t begin = 0; begin < readings.size();) {
    const auto group = readings.subspan(begin, group_end(readings, begin) - begin);
    const auto beginning = Tokens(group.front().tokens).first(common_beginning(group));
    const auto shared = static_cast<std::int64_t>(beginning.size());
    bool begun = false;
    for (const Reading& reading : group) {
      const auto rows = std::ssize(reading.tokens) - (begun ? shared : 0);
      const bool full = !packs.empty() && packs.back().batch().rows() + rows > micro_tokens;
      if (packs.empty() || full) packs.emplace_back();
      if (!begun || full) packs.back().share(beginning);
      begun = true;
      packs.back().add(reading);
    }
    begin += group.size();
  }
  return packs;
}

}  // namespace

DecoderScorer DecoderScorer::load(const std::filesystem::path& dir, const CausalLmOptions& options,
                                  const std::filesystem::path& cache, std::int64_t label) {
  // Before the weights are converted, which takes minutes.
  const auto chosen = choose_label(dir, ScoreHead::count_labels(dir), label);
  const auto mapped = resolve_model(dir, options.dtype, cache);
  auto trunk = CausalLm::load(mapped, options);
  auto head = ScoreHead::load(mapped, *trunk);
  return {std::move(trunk), std::move(head), chosen};
}

std::vector<std::vector<double>> DecoderScorer::score(std::span<const Reading> readings,
                                                      std::int64_t micro_tokens) const {
  const at::NoGradGuard no_gradients;
  std::vector<std::vector<double>> scores;
  for (const Pack& pack : pack(readings, micro_tokens)) {
    const auto rows = at::tensor(pack.rows(), at::TensorOptions(at::kLong)).to(trunk_->device());
    const auto states = trunk_->hidden(pack.batch(), Adapter::kOff).index_select(0, rows);
    const auto read = head_(states).select(1, label_).to(at::kCPU, at::kDouble).contiguous();
    const auto* next = read.const_data_ptr<double>();
    for (std::size_t i = 0; i < pack.readings(); ++i) {
      const auto places = readings[scores.size()].places.size();
      scores.emplace_back(next, next + places);
      next += places;
    }
  }
  return scores;
}

}  // namespace alarm_dist
