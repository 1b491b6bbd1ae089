// SPDX-License-Identifier: Apache-2.0
// A task whose responses can all be enumerated, and what an algorithm should make of it: the
// optimum of KL-regularised return in closed form, and the point where the expected update of an
// algorithm vanishes. Plain doubles, nothing of the program but the tree's numbering and the names
// of an algorithm's choices: this is the oracle.
#pragma once

#include <cstdint>
#include <vector>

#include "alarm/train/algorithm.hpp"

#include "support/tabular_lm.hpp"

namespace alarm_dist::testing {

// A number for each node and token, node by node.
using NodeTable = std::vector<double>;

struct Path {
  std::int64_t prompt = 0;
  std::vector<std::int64_t> tokens;
  std::vector<std::size_t> cells;  // of the node and token of each step, in a NodeTable
  double reward = 0;               // of the whole response
};

class EnumeratedTask {
 public:
  // Rewards on every token, inner ones too, and a reference that is not uniform, drawn from the
  // seed.
  EnumeratedTask(const PrefixTree& tree, double beta, std::uint64_t seed);

  const PrefixTree& tree() const { return tree_; }
  double beta() const { return beta_; }
  const std::vector<Path>& paths() const { return paths_; }  // of all prompts
  const NodeTable& rewards() const { return rewards_; }
  const NodeTable& reference() const { return reference_; }  // logits
  std::size_t width() const { return static_cast<std::size_t>(tree_.shape().vocabulary); }
  std::vector<double> token_rewards(const Path& path) const;

  // log softmax of each node's logits.
  NodeTable log_policy(const NodeTable& logits) const;
  // E[reward - beta * log(policy / reference)], mean of the prompts.
  double regularised_return(const NodeTable& logits) const;
  // beta * log sum over responses of reference * exp(reward / beta).
  double best_regularised_return() const;

 private:
  void enumerate(Path path, std::int64_t node);

  PrefixTree tree_;
  double beta_;
  NodeTable rewards_, reference_, log_reference_;
  std::vector<Path> paths_;
};

// Where the expected update of the algorithm is zero, for large groups and batches and ratios of 1:
// logits. Without a KL term that is each prompt's best response. The coefficient is that of the
// algorithm's KL term. Throws Error where there is no such point.
NodeTable own_optimum(const EnumeratedTask& task, const Algorithm& algorithm, double coefficient);

}  // namespace alarm_dist::testing
