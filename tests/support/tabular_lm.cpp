// SPDX-License-Identifier: Apache-2.0
#include "support/tabular_lm.hpp"

#include <limits>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"

namespace alarm_dist::testing {
namespace {

// The table with a row of NaN after it, which is where a row that predicts nothing looks.
at::Tensor with_empty_row(const at::Tensor& table_NV) {
  return at::cat(
      {table_NV, at::full({1, table_NV.size(1)}, std::numeric_limits<double>::quiet_NaN(),
                          table_NV.options().requires_grad(false))});
}

at::Tensor row_indices(const std::vector<std::int64_t>& nodes, std::int64_t empty_row) {
  std::vector<std::int64_t> rows;
  for (const auto node : nodes) rows.push_back(node >= 0 ? node : empty_row);
  return at::tensor(rows, at::kLong);
}

class TabularDecoder final : public Decoder {
 public:
  TabularDecoder(const PrefixTree& tree, const at::Tensor& table_NV, const DecodePlan& plan)
      : tree_(tree), table_NV_(with_empty_row(table_NV)) {
    for (const auto prompt : plan.prompt_of_row) {
      nodes_.push_back(PrefixTree::kStart);
      for (const auto token : plan.prompts.at(static_cast<std::size_t>(prompt)))
        nodes_.back() = tree_.next(nodes_.back(), token);
    }
    look_up();
  }

  const at::Tensor& states_BD() const override { return states_BD_; }

  void advance(const at::Tensor& tokens_B) override {
    const auto* tokens = tokens_B.const_data_ptr<std::int64_t>();
    for (std::size_t row = 0; row < nodes_.size(); ++row)
      nodes_[row] = tree_.next(nodes_[row], tokens[row]);
    look_up();
  }

  void keep(std::span<const std::int64_t> rows) override {
    std::vector<std::int64_t> kept;
    for (const auto row : rows) kept.push_back(nodes_.at(static_cast<std::size_t>(row)));
    nodes_ = std::move(kept);
    look_up();
  }

 private:
  void look_up() {
    states_BD_ = table_NV_.index_select(0, row_indices(nodes_, table_NV_.size(0) - 1));
  }

  const PrefixTree& tree_;
  at::Tensor table_NV_, states_BD_;
  std::vector<std::int64_t> nodes_;
};

}  // namespace

PrefixTree::PrefixTree(const TabularShape& shape) : shape_(shape), first_of_depth_{0} {
  std::int64_t count = shape.prompts;
  for (std::int64_t depth = 0; depth < shape.response_tokens; ++depth) {
    first_of_depth_.push_back(first_of_depth_.back() + count);
    count *= shape.vocabulary;
  }
}

std::int64_t PrefixTree::next(std::int64_t node, std::int64_t token) const {
  if (node == kEnd || (node != kStart && token == shape_.eos_token)) return kEnd;
  if (node == kStart) {
    ALARM_CHECK(token < shape_.prompts, "prompt {} of {}", token, shape_.prompts);
    return token;
  }
  std::size_t depth = 0;
  while (first_of_depth_[depth + 1] <= node) ++depth;
  if (depth + 2 == first_of_depth_.size()) return kEnd;
  return first_of_depth_[depth + 1] + (node - first_of_depth_[depth]) * shape_.vocabulary + token;
}

std::vector<std::int64_t> PrefixTree::nodes_of(const RaggedBatch& batch) const {
  std::vector<std::int64_t> nodes, last_of_segment;
  for (const auto& segment : batch.segments) {
    auto node =
        segment.parent < 0 ? kStart : last_of_segment[static_cast<std::size_t>(segment.parent)];
    for (auto row = segment.begin; row < segment.end; ++row)
      nodes.push_back(node = next(node, batch.tokens[static_cast<std::size_t>(row)]));
    last_of_segment.push_back(node);
  }
  return nodes;
}

TabularLm::TabularLm(const PrefixTree& tree, const at::Tensor& logits_NV,
                     const at::Tensor& reference_NV)
    : tree_(tree),
      table_NV_(logits_NV.detach().clone().requires_grad_()),
      reference_NV_(reference_NV),
      head_VD_(at::eye(tree.shape().vocabulary, at::kDouble)) {
  const auto& tabular = tree.shape();
  shape_ = {.hidden = tabular.vocabulary,
            .vocabulary = tabular.vocabulary,
            .context = 1 + tabular.response_tokens,
            .parameters = tree.nodes() * tabular.vocabulary,
            .eos_tokens = {}};
  if (tabular.eos_token) shape_.eos_tokens = {*tabular.eos_token};
}

at::Tensor TabularLm::hidden(const RaggedBatch& batch, Adapter adapter) const {
  const auto& table_NV = adapter == Adapter::kOn ? table_NV_ : reference_NV_;
  return with_empty_row(table_NV).index_select(0,
                                               row_indices(tree_.nodes_of(batch), tree_.nodes()));
}

std::unique_ptr<Decoder> TabularLm::start_decoding(const DecodePlan& plan, Adapter adapter) const {
  return std::make_unique<TabularDecoder>(
      tree_, adapter == Adapter::kOn ? table_NV_.detach() : reference_NV_, plan);
}

void TabularLm::save(const std::filesystem::path& dir) const {
  throw Error(fmt::format("{}: a table is not saved", dir.string()));
}

void TabularLm::save_adapter(const std::filesystem::path& dir) const { save(dir); }

}  // namespace alarm_dist::testing
