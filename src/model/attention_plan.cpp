// SPDX-License-Identifier: Apache-2.0
#include "model/attention_plan.hpp"

#include <algorithm>
#include <limits>

#include <ATen/Functions.h>

namespace alarm_dist {
namespace {

// Siblings share a tile up to this many rows: beyond it the masked pairs cost more than a second
// call.
constexpr std::int64_t kMaxSharedRows = 256;

// A run of neighbouring siblings.
struct Siblings {
  int parent = -1;
  std::vector<RowRange> members;
  RowRange rows() const { return {members.front().begin, members.back().end}; }
};

void append_range(std::vector<RowRange>& ranges, RowRange range) {
  if (!ranges.empty() && ranges.back().end == range.begin) {
    ranges.back().end = range.end;
  } else {
    ranges.push_back(range);
  }
}

// Rows of the segment and everything above it, first token first.
std::vector<RowRange> chain_rows(const RaggedBatch& batch, int segment) {
  std::vector<RowRange> upwards;
  for (int at = segment; at >= 0; at = batch.segments[static_cast<std::size_t>(at)].parent) {
    const Segment& link = batch.segments[static_cast<std::size_t>(at)];
    if (link.size() > 0) upwards.push_back({link.begin, link.end});
  }
  std::vector<RowRange> ranges;
  for (auto range = upwards.rbegin(); range != upwards.rend(); ++range)
    append_range(ranges, *range);
  return ranges;
}

bool joins(const Siblings& run, const Segment& segment) {
  return !run.members.empty() && run.parent == segment.parent && run.rows().end == segment.begin &&
         segment.end - run.rows().begin <= kMaxSharedRows;
}

at::Tensor sibling_mask(const Siblings& run, std::int64_t prefix,
                        const at::TensorOptions& options) {
  const auto rows = run.rows();
  at::Tensor mask = at::full({rows.size(), prefix + rows.size()},
                             -std::numeric_limits<float>::infinity(), at::kFloat);
  auto entries = mask.accessor<float, 2>();
  for (const RowRange& member : run.members) {
    for (std::int64_t row = member.begin; row < member.end; ++row) {
      auto entry = entries[row - rows.begin];
      for (std::int64_t key = 0; key < prefix; ++key) entry[key] = 0.0F;
      for (std::int64_t own = member.begin; own <= row; ++own)
        entry[prefix + own - rows.begin] = 0.0F;
    }
  }
  return mask.to(options);
}

AttentionTile make_tile(const RaggedBatch& batch, const Siblings& run,
                        const at::TensorOptions& options) {
  AttentionTile tile{.queries = run.rows(), .keys = chain_rows(batch, run.parent), .mask = {}};
  std::int64_t prefix = 0;
  for (const RowRange& range : tile.keys) prefix += range.size();
  append_range(tile.keys, tile.queries);
  if (prefix > 0 || run.members.size() > 1) tile.mask = sibling_mask(run, prefix, options);
  return tile;
}

}  // namespace

AttentionPlan make_attention_plan(const RaggedBatch& batch, const at::TensorOptions& mask_options) {
  AttentionPlan plan;
  Siblings run;
  const auto close_run = [&] {
    if (!run.members.empty()) plan.push_back(make_tile(batch, run, mask_options));
    run = {};
  };
  for (const Segment& segment : batch.segments) {
    if (segment.size() == 0) continue;
    if (segment.parent < 0 || !joins(run, segment)) close_run();
    run.parent = segment.parent;
    run.members.push_back({segment.begin, segment.end});
  }
  close_run();
  return plan;
}

}  // namespace alarm_dist
