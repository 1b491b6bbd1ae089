// SPDX-License-Identifier: Apache-2.0
#include "model/seq2seq_batch.hpp"

#include <array>
#include <numeric>
#include <span>
#include <utility>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

std::span<const std::int64_t> tokens_of(const RaggedBatch& batch, const Segment& segment) {
  return std::span(batch.tokens)
      .subspan(static_cast<std::size_t>(segment.begin), static_cast<std::size_t>(segment.size()));
}

// Segments by prompt, each tree's own first.
std::vector<std::vector<int>> group_by_prompt(const RaggedBatch& batch) {
  std::vector<std::vector<int>> trees;
  std::vector<std::size_t> tree_of;
  for (std::size_t i = 0; i < batch.segments.size(); ++i) {
    const int parent = batch.segments[i].parent;
    tree_of.push_back(parent < 0 ? trees.size() : tree_of[static_cast<std::size_t>(parent)]);
    if (parent < 0) trees.emplace_back();
    trees[tree_of.back()].push_back(static_cast<int>(i));
  }
  return trees;
}

class Splitter {
 public:
  Splitter(const RaggedBatch& batch, std::int64_t start_token)
      : batch_(batch), start_token_(start_token), decoder_segment_(batch.segments.size(), -1) {
    for (const Segment& segment : batch.segments) {
      if (segment.parent < 0) encoder_size_ += segment.size();
    }
    split_.row_of.resize(batch.tokens.size());
  }

  Seq2SeqBatch run() && {
    for (const auto& tree : group_by_prompt(batch_)) add_tree(tree);
    return std::move(split_);
  }

 private:
  void add_tree(const std::vector<int>& tree) {
    const Segment& prompt = segment(tree.front());
    ALARM_CHECK(prompt.size() > 0, "segment {} is a prompt without tokens: an encoder needs some",
                tree.front());
    const auto encoder_begin = split_.encoder.rows(), decoder_begin = split_.decoder.rows();
    split_.encoder.add(tokens_of(batch_, prompt));
    decoder_segment_[static_cast<std::size_t>(tree.front())] =
        split_.decoder.add(std::array{start_token_});
    map_rows(prompt, encoder_begin);
    split_.row_of[static_cast<std::size_t>(prompt.end - 1)] = encoder_size_ + decoder_begin;
    for (const int member : std::span(tree).subspan(1)) add_continuation(member);
    split_.encoder_rows.push_back({encoder_begin, split_.encoder.rows()});
    split_.decoder_rows.push_back({decoder_begin, split_.decoder.rows()});
  }

  void add_continuation(int member) {
    const Segment& continuation = segment(member);
    map_rows(continuation, encoder_size_ + split_.decoder.rows());
    decoder_segment_[static_cast<std::size_t>(member)] =
        split_.decoder.add(tokens_of(batch_, continuation),
                           decoder_segment_[static_cast<std::size_t>(continuation.parent)]);
  }

  void map_rows(const Segment& rows, std::int64_t first) {
    const auto begin = split_.row_of.begin() + rows.begin;
    std::iota(begin, begin + rows.size(), first);
  }

  const Segment& segment(int index) const {
    return batch_.segments[static_cast<std::size_t>(index)];
  }

  const RaggedBatch& batch_;
  std::int64_t start_token_;
  std::int64_t encoder_size_ = 0;
  std::vector<int> decoder_segment_;  // of each segment of the batch
  Seq2SeqBatch split_;
};

}  // namespace

Seq2SeqBatch split_prompts(const RaggedBatch& batch, std::int64_t start_token) {
  return Splitter(batch, start_token).run();
}

}  // namespace alarm_dist
