// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_layout.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

at::Tensor select(const at::Tensor& from, const std::vector<std::int64_t>& indices) {
  return from.index_select(0, at::tensor(indices, at::kLong).to(from.device()));
}

void check(const EncoderSequence& sequence, std::size_t i, std::int64_t max_length) {
  const auto length = sequence.length;
  ALARM_CHECK(length > 0, "sequence {} of the encoder's batch is empty", i);
  ALARM_CHECK(length <= max_length,
              "sequence {} of the encoder's batch has {} tokens, the encoder takes at most {}", i,
              length, max_length);
  std::int64_t next = 0;
  for (const auto global : sequence.globals) {
    ALARM_CHECK(global >= next && global < length,
                "sequence {} of the encoder's batch has {} tokens, expected its global tokens to "
                "be some of them, ascending, found {}",
                i, length, global);
    next = global + 1;
  }
}

}  // namespace

EncoderLayout::EncoderLayout(std::vector<EncoderSequence> sequences, std::int64_t max_length)
    : sequences_(std::move(sequences)), order_(sequences_.size()) {
  for (std::size_t i = 0; i < sequences_.size(); ++i) check(sequences_[i], i, max_length);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](auto a, auto b) { return sequences_[a] < sequences_[b]; });
  const EncoderSequence* last = nullptr;
  for (const auto i : order_) {
    const EncoderSequence& sequence = sequences_[i];
    if (last == nullptr || *last != sequence)
      blocks_.push_back({rows_, 0, sequence.length, sequence.globals});
    ++blocks_.back().count;
    rows_ += sequence.length;
    last = &sequence;
  }
}

std::vector<std::int64_t> EncoderLayout::row_starts() const {
  std::vector<std::int64_t> starts(order_.size());
  std::int64_t row = 0;
  for (const auto i : order_) {
    starts[i] = row;
    row += sequences_[i].length;
  }
  return starts;
}

at::Tensor EncoderLayout::first_rows_B() const {
  const auto starts = row_starts();
  std::vector<std::int64_t> rows;
  for (const auto i : order_) rows.push_back(starts[i]);
  return at::tensor(rows, at::kLong);
}

at::Tensor EncoderLayout::restore_rows(const at::Tensor& rows_ND) const {
  const auto starts = row_starts();
  std::vector<std::int64_t> indices;
  indices.reserve(static_cast<std::size_t>(rows_));
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    for (std::int64_t t = 0; t < sequences_[i].length; ++t) indices.push_back(starts[i] + t);
  }
  return select(rows_ND, indices);
}

at::Tensor EncoderLayout::restore_sequences(const at::Tensor& sequences_BD) const {
  std::vector<std::int64_t> place(order_.size());
  for (std::size_t p = 0; p < order_.size(); ++p) place[order_[p]] = static_cast<std::int64_t>(p);
  return select(sequences_BD, place);
}

}  // namespace alarm_dist
