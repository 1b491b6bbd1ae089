// SPDX-License-Identifier: Apache-2.0
// A language model that is a table: one row of logits for each prompt and beginning of a response.
// So few responses exist that all of them can be enumerated, and what training should arrive at is
// known exactly. Float64; it goes through the program's own generation, scoring and learning.
//
// The hidden state of a row is its logits and the head is the identity, so no code knows the
// difference. With the adapter off the rows come from another, frozen table: the reference. A row
// that predicts nothing (after the last token of a response) is NaN, so that a shift by one shows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist::testing {

struct TabularShape {
  std::int64_t prompts = 2;  // prompt p is the single token p
  std::int64_t vocabulary = 3;
  std::int64_t response_tokens = 3;            // longest response
  std::optional<std::int64_t> eos_token = {};  // ends a response early
};

// The numbering of the table's rows: a node is a prompt with the beginning of a response.
class PrefixTree {
 public:
  static constexpr std::int64_t kStart = -1;  // before the prompt
  static constexpr std::int64_t kEnd = -2;    // after a whole response

  explicit PrefixTree(const TabularShape& shape);

  const TabularShape& shape() const { return shape_; }
  std::int64_t nodes() const { return first_of_depth_.back(); }
  std::int64_t next(std::int64_t node, std::int64_t token) const;
  // Every row of the batch: the node it has arrived at.
  std::vector<std::int64_t> nodes_of(const RaggedBatch& batch) const;

 private:
  TabularShape shape_;
  std::vector<std::int64_t> first_of_depth_;  // nodes of depth d are [f[d], f[d + 1])
};

class TabularLm final : public CausalLm {
 public:
  // Tables are [tree.nodes(), vocabulary]; the first is copied and trained.
  TabularLm(const PrefixTree& tree, const at::Tensor& logits_NV, const at::Tensor& reference_NV);

  const at::Tensor& table_NV() const { return table_NV_; }

  const CausalLmShape& shape() const override { return shape_; }
  at::ScalarType dtype() const override { return at::kDouble; }
  c10::Device device() const override { return c10::kCPU; }
  at::Tensor hidden(const RaggedBatch& batch, Adapter adapter) const override;
  std::unique_ptr<Decoder> start_decoding(const DecodePlan& plan, Adapter adapter) const override;
  at::Tensor logits(const at::Tensor& hidden_MD, Adapter) const override { return hidden_MD; }
  at::Tensor head_VD(Adapter) const override { return head_VD_; }
  Trained trained() const override { return Trained::kAdapter; }
  NamedTensors trainable() const override { return {{"table", table_NV_}}; }
  NamedTensors merged_weights() const override { return trainable(); }
  void save(const std::filesystem::path& dir) const override;
  void save_adapter(const std::filesystem::path& dir) const override;

 private:
  PrefixTree tree_;
  CausalLmShape shape_;
  at::Tensor table_NV_, reference_NV_, head_VD_;
};

}  // namespace alarm_dist::testing
