// SPDX-License-Identifier: Apache-2.0
#include "model/banded_attention.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace alarm_dist {
namespace {

at::Tensor rows(const at::Tensor& heads_BHLE, const RowRange& range) {
  return heads_BHLE.narrow(2, range.begin, range.size());
}

}  // namespace

BandedAttention::BandedAttention(std::int64_t length, std::int64_t window,
                                 std::vector<std::int64_t> globals,
                                 const at::TensorOptions& options)
    : window_(window), globals_(std::move(globals)), options_(options) {
  for (std::int64_t begin = 0; begin < length; begin += window)
    tiles_.push_back(make_tile({begin, std::min(begin + window, length)}, length));
}

BandedAttention::Tile BandedAttention::make_tile(RowRange queries, std::int64_t length) {
  Tile tile{.queries = queries,
            .keys = {std::max<std::int64_t>(queries.begin - window_, 0),
                     std::min(queries.end + window_, length)},
            .others_G = {},
            .mask_QK = {}};
  std::vector<std::int64_t> others, among;
  for (const auto global : globals_) {
    const bool near = global >= tile.keys.begin && global < tile.keys.end;
    near ? among.push_back(global - tile.keys.begin) : others.push_back(global);
  }
  if (!others.empty())
    tile.others_G = at::tensor(others, at::TensorOptions(at::kLong)).to(options_.device());
  const Look look{queries.size(), tile.keys.size(), static_cast<std::int64_t>(others.size()),
                  queries.begin - tile.keys.begin, among};
  const auto found = masks_.find(look);
  tile.mask_QK = found != masks_.end() ? found->second : make_mask(look);
  masks_.emplace(look, tile.mask_QK);
  return tile;
}

at::Tensor BandedAttention::make_mask(const Look& look) const {
  const auto& [queries, keys, others, place, among] = look;
  const auto numbers = at::TensorOptions(at::kLong).device(options_.device());
  const auto from_Q1 = at::arange(place, place + queries, numbers).unsqueeze(1);
  const auto to_1K = at::arange(keys, numbers).unsqueeze(0);
  auto hidden_QK = (from_Q1 - to_1K).abs() > window_;
  for (const auto key : among) hidden_QK.select(1, key).fill_(false);
  if (!hidden_QK.any().item<bool>()) return {};
  auto mask_QK = at::zeros({queries, keys + others}, options_);
  mask_QK.narrow(1, 0, keys).masked_fill_(hidden_QK, -std::numeric_limits<double>::infinity());
  return mask_QK;
}

at::Tensor BandedAttention::operator()(const at::Tensor& query_BHLE, const at::Tensor& key_BHLE,
                                       const at::Tensor& value_BHLE) const {
  std::vector<at::Tensor> contexts;
  for (const Tile& tile : tiles_) {
    const auto seen = [&](const at::Tensor& all_BHLE) {
      auto near = rows(all_BHLE, tile.keys);
      if (!tile.others_G.defined()) return near;
      return at::cat({near, all_BHLE.index_select(2, tile.others_G)}, 2);
    };
    const auto mask = tile.mask_QK.defined() ? std::optional(tile.mask_QK) : std::nullopt;
    contexts.push_back(at::scaled_dot_product_attention(rows(query_BHLE, tile.queries),
                                                        seen(key_BHLE), seen(value_BHLE), mask));
  }
  return contexts.size() == 1 ? contexts.front() : at::cat(contexts, 2);
}

}  // namespace alarm_dist
