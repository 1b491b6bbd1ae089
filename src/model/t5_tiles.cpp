// SPDX-License-Identifier: Apache-2.0
#include "model/t5_tiles.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "model/attention_plan.hpp"

namespace alarm_dist {
namespace {

at::Tensor rows_of(const at::Tensor& x_N, const std::vector<RowRange>& ranges) {
  std::vector<at::Tensor> pieces;
  for (const RowRange& range : ranges) pieces.push_back(x_N.narrow(0, range.begin, range.size()));
  return at::cat(pieces);
}

// Added to the scores of a causal run.
at::Tensor causal_mask(std::int64_t rows, const at::TensorOptions& options) {
  return at::full({rows, rows}, -std::numeric_limits<double>::infinity(), options).triu_(1);
}

}  // namespace

SharedTiles encoder_tiles(const Seq2SeqBatch& batch, const RelativeBias& bias) {
  // Prompts start at position 0: the bias of a shorter one is a corner of the longest one's.
  std::int64_t longest = 0;
  for (const RowRange& rows : batch.encoder_rows) longest = std::max(longest, rows.size());
  const auto positions = at::arange(longest, bias.table_CH.options().dtype(at::kLong));
  const auto bias_1Hnn = bias.between(positions, positions);
  BiasedTiles tiles;
  for (const RowRange& rows : batch.encoder_rows) {
    tiles.push_back({.queries = rows,
                     .keys = {rows},
                     .bias = bias_1Hnn.narrow(2, 0, rows.size()).narrow(3, 0, rows.size())});
  }
  return std::make_shared<const BiasedTiles>(std::move(tiles));
}

SharedTiles decoder_tiles(const Seq2SeqBatch& batch, const RelativeBias& bias) {
  const auto options = bias.table_CH.options();
  const auto positions_N = batch.decoder.positions_N(options.device());
  BiasedTiles tiles;
  for (const AttentionTile& tile : make_attention_plan(batch.decoder, options)) {
    const auto queries = rows_of(positions_N, {tile.queries});
    const auto mask = tile.mask.defined() ? tile.mask : causal_mask(tile.queries.size(), options);
    tiles.push_back({.queries = tile.queries,
                     .keys = tile.keys,
                     .bias = bias.between(queries, rows_of(positions_N, tile.keys)).add_(mask)});
  }
  return std::make_shared<const BiasedTiles>(std::move(tiles));
}

SharedTiles cross_tiles(const Seq2SeqBatch& batch) {
  BiasedTiles tiles;
  for (std::size_t i = 0; i < batch.decoder_rows.size(); ++i) {
    tiles.push_back(
        {.queries = batch.decoder_rows[i], .keys = {batch.encoder_rows[i]}, .bias = {}});
  }
  return std::make_shared<const BiasedTiles>(std::move(tiles));
}

}  // namespace alarm_dist
