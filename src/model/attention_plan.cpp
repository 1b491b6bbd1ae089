// SPDX-License-Identifier: Apache-2.0
#include "model/attention_plan.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include <ATen/Functions.h>

namespace alarm_dist {
namespace {

// Siblings share a tile up to this many rows: beyond it the masked pairs cost more than a second
// call.
constexpr std::int64_t kMaxSharedRows = 256;
constexpr std::int64_t kNoWindow = std::numeric_limits<std::int64_t>::max();

// A run of neighbouring siblings.
struct Siblings {
  int parent = -1;
  int last = -1;  // the newest segment among them
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

bool fits(const Siblings& run, const Segment& segment) {
  return segment.end - run.rows().begin <= kMaxSharedRows;
}

bool joins(const Siblings& run, const Segment& segment) {
  return !run.members.empty() && run.parent == segment.parent && run.rows().end == segment.begin &&
         fits(run, segment);
}

// Keys: the prefix's, by position, then the run's own rows.
at::Tensor sibling_mask(const Siblings& run, RowRange prefix, std::int64_t window,
                        const at::TensorOptions& options) {
  const auto rows = run.rows();
  at::Tensor mask = at::full({rows.size(), prefix.size() + rows.size()},
                             -std::numeric_limits<float>::infinity(), at::kFloat);
  auto entries = mask.accessor<float, 2>();
  for (const RowRange& member : run.members) {
    for (std::int64_t row = member.begin; row < member.end; ++row) {
      auto entry = entries[row - rows.begin];
      const auto position = prefix.end + row - member.begin;
      const auto first_seen = window > position ? 0 : position - window + 1;
      for (auto key = std::max(prefix.begin, first_seen); key < prefix.end; ++key)
        entry[key - prefix.begin] = 0.0F;
      const auto first_own = member.begin + std::max(first_seen - prefix.end, std::int64_t{0});
      for (auto own = first_own; own <= row; ++own) entry[prefix.size() + own - rows.begin] = 0.0F;
    }
  }
  return mask.to(options);
}

// Drops rows from the front.
void drop_front(std::vector<RowRange>& ranges, std::int64_t rows) {
  for (RowRange& range : ranges) {
    const auto dropped = std::min(rows, range.size());
    range.begin += dropped;
    rows -= dropped;
  }
  std::erase_if(ranges, [](const RowRange& range) { return range.size() == 0; });
}

AttentionTile make_tile(const RaggedBatch& batch, const Siblings& run, std::int64_t window,
                        const at::TensorOptions& options) {
  AttentionTile tile{.queries = run.rows(), .keys = chain_rows(batch, run.parent), .mask = {}};
  RowRange prefix;  // positions of its keys
  for (const RowRange& range : tile.keys) prefix.end += range.size();
  if (prefix.end >= window) prefix.begin = prefix.end - window + 1;  // no query sees what is before
  drop_front(tile.keys, prefix.begin);
  append_range(tile.keys, tile.queries);
  if (prefix.size() > 0 || run.members.size() > 1 || tile.queries.size() > window)
    tile.mask = sibling_mask(run, prefix, window, options);
  return tile;
}

// The only child of the run's newest segment, right behind it: one causal run goes on, the cheapest
// attention there is.
bool continues(const Siblings& run, const Segment& segment, const std::vector<int>& children,
               std::int64_t window) {
  if (run.members.empty() || (window != kNoWindow && !fits(run, segment))) return false;
  return run.parent < 0 && segment.parent == run.last && run.rows().end == segment.begin &&
         children[static_cast<std::size_t>(run.last)] == 1;
}

std::vector<int> count_children(const RaggedBatch& batch) {
  std::vector<int> children(batch.segments.size(), 0);
  for (const Segment& segment : batch.segments) {
    if (segment.parent >= 0) ++children[static_cast<std::size_t>(segment.parent)];
  }
  return children;
}

bool reaches_beyond(const RaggedBatch& batch, std::int64_t window) {
  return std::ranges::any_of(batch.segments, [&](const Segment& segment) {
    return segment.position + segment.size() > window;
  });
}

// Long segments as chains of short ones: the queries of a short one need few keys beside their
// window.
RaggedBatch cut_segments(const RaggedBatch& whole) {
  RaggedBatch cut;
  std::vector<int> last_piece;
  for (const Segment& segment : whole.segments) {
    int parent = segment.parent < 0 ? -1 : last_piece[static_cast<std::size_t>(segment.parent)];
    const auto rows = std::span(whole.tokens)
                          .subspan(static_cast<std::size_t>(segment.begin),
                                   static_cast<std::size_t>(segment.size()));
    for (std::size_t begin = 0; begin == 0 || begin < rows.size(); begin += kMaxSharedRows) {
      const auto size = std::min<std::size_t>(kMaxSharedRows, rows.size() - begin);
      parent = cut.add(rows.subspan(begin, size), parent);
    }
    last_piece.push_back(parent);
  }
  return cut;
}

AttentionPlan plan_tiles(const RaggedBatch& batch, const at::TensorOptions& mask_options,
                         std::int64_t window) {
  const auto children = count_children(batch);
  AttentionPlan plan;
  Siblings run;
  const auto close_run = [&] {
    if (!run.members.empty()) plan.push_back(make_tile(batch, run, window, mask_options));
    run = {};
  };
  for (std::size_t i = 0; i < batch.segments.size(); ++i) {
    const Segment& segment = batch.segments[i];
    if (segment.size() == 0) continue;
    if (continues(run, segment, children, window)) {
      run.members.back().end = segment.end;
    } else {
      if (segment.parent < 0 || !joins(run, segment)) close_run();
      run.parent = segment.parent;
      run.members.push_back({segment.begin, segment.end});
    }
    run.last = static_cast<int>(i);
  }
  close_run();
  return plan;
}

}  // namespace

AttentionPlan make_attention_plan(const RaggedBatch& batch, const at::TensorOptions& mask_options,
                                  std::int64_t window) {
  if (window == 0 || !reaches_beyond(batch, window))
    return plan_tiles(batch, mask_options, kNoWindow);
  return plan_tiles(cut_segments(batch), mask_options, window);
}

}  // namespace alarm_dist
