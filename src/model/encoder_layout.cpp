// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_layout.hpp"

#include <algorithm>
#include <numeric>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

at::Tensor select(const at::Tensor& from, const std::vector<std::int64_t>& indices) {
  return from.index_select(0, at::tensor(indices, at::kLong).to(from.device()));
}

}  // namespace

EncoderLayout::EncoderLayout(std::span<const std::int64_t> lengths, std::int64_t max_length)
    : lengths_(lengths.begin(), lengths.end()), order_(lengths.size()) {
  for (std::size_t i = 0; i < lengths_.size(); ++i) {
    ALARM_CHECK(lengths_[i] > 0, "sequence {} of the encoder's batch is empty", i);
    ALARM_CHECK(lengths_[i] <= max_length,
                "sequence {} of the encoder's batch has {} tokens, the encoder takes at most {}", i,
                lengths_[i], max_length);
  }
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](auto a, auto b) { return lengths_[a] < lengths_[b]; });
  for (const auto i : order_) {
    if (blocks_.empty() || blocks_.back().length != lengths_[i])
      blocks_.push_back({rows_, 0, lengths_[i]});
    ++blocks_.back().count;
    rows_ += lengths_[i];
  }
}

at::Tensor EncoderLayout::positions_N() const {
  std::vector<std::int64_t> positions(static_cast<std::size_t>(rows_));
  auto* next = positions.data();
  for (const auto i : order_) {
    std::iota(next, next + lengths_[i], std::int64_t{0});
    next += lengths_[i];
  }
  return at::tensor(positions, at::kLong);
}

at::Tensor EncoderLayout::restore_rows(const at::Tensor& rows_ND) const {
  std::vector<std::int64_t> first_row(order_.size());
  std::int64_t row = 0;
  for (const auto i : order_) {
    first_row[i] = row;
    row += lengths_[i];
  }
  std::vector<std::int64_t> indices;
  indices.reserve(static_cast<std::size_t>(rows_));
  for (std::size_t i = 0; i < lengths_.size(); ++i) {
    for (std::int64_t t = 0; t < lengths_[i]; ++t) indices.push_back(first_row[i] + t);
  }
  return select(rows_ND, indices);
}

at::Tensor EncoderLayout::restore_sequences(const at::Tensor& sequences_BD) const {
  std::vector<std::int64_t> place(order_.size());
  for (std::size_t p = 0; p < order_.size(); ++p) place[order_[p]] = static_cast<std::int64_t>(p);
  return select(sequences_BD, place);
}

}  // namespace alarm_dist
