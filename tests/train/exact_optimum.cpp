// SPDX-License-Identifier: Apache-2.0
#include "train/exact_optimum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist::testing {
namespace {

NodeTable draw_table(std::size_t cells, double scale, std::uint64_t seed, std::uint32_t which) {
  NodeTable table(cells);
  for (std::size_t i = 0; i < cells; ++i) {
    table[i] =
        scale * draw_normal({.seed = seed, .step = which, .sample = static_cast<std::uint32_t>(i)});
  }
  return table;
}

// What the update credits each token with: the coefficient of the gradient of its log-probability.
class ExpectedUpdate {
 public:
  ExpectedUpdate(const EnumeratedTask& task, const Algorithm& algorithm, double coefficient,
                 const NodeTable& logits)
      : task_(task),
        algorithm_(algorithm),
        coefficient_(coefficient),
        log_policy_(task.log_policy(logits)) {
    const auto log_reference = task.log_policy(task.reference());
    log_ratio_.resize(log_policy_.size());
    std::transform(log_policy_.begin(), log_policy_.end(), log_reference.begin(),
                   log_ratio_.begin(), std::minus<>());
    for (const auto& path : task.paths()) {
      double log_probability = 0;
      for (const auto cell : path.cells) log_probability += log_policy_[cell];
      probability_.push_back(std::exp(log_probability));
    }
    compute_advantages();
  }

  // Conditional mean of a token's coefficient at its node, less the node's mean: zero everywhere
  // exactly where the expected gradient is zero.
  NodeTable direction() const {
    const std::size_t width = task_.width();
    NodeTable sum(log_policy_.size()), visits(log_policy_.size() / width);
    for (std::size_t i = 0; i < task_.paths().size(); ++i) {
      const auto& path = task_.paths()[i];
      for (std::size_t t = 0; t < path.cells.size(); ++t) {
        sum[path.cells[t]] += probability_[i] * coefficient(i, t);
        visits[path.cells[t] / width] += probability_[i];
      }
    }
    for (std::size_t node = 0; node < visits.size(); ++node) {
      double mean = 0;
      for (std::size_t cell = node * width; cell < (node + 1) * width; ++cell) {
        if (visits[node] > 0) mean += sum[cell] / visits[node];
        sum[cell] = visits[node] > 0 ? sum[cell] / visits[node] / std::exp(log_policy_[cell]) : 0;
      }
      for (std::size_t cell = node * width; cell < (node + 1) * width; ++cell) sum[cell] -= mean;
    }
    return sum;
  }

 private:
  struct Spread {
    double mean = 0, deviation = 0;
  };

  // Of numbers of the paths, each weighted by its probability; of one prompt, or of all (-1).
  Spread spread(const std::vector<double>& values, std::int64_t prompt) const {
    double mass = 0, sum = 0, squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (prompt >= 0 && task_.paths()[i].prompt != prompt) continue;
      mass += probability_[i];
      sum += probability_[i] * values[i];
      squares += probability_[i] * values[i] * values[i];
    }
    const double mean = sum / mass;
    return {mean, std::sqrt(std::max(squares / mass - mean * mean, 0.0))};
  }

  // Advantages before whitening: a number for each token of each path.
  void compute_advantages() {
    const bool in_reward = algorithm_.kl_placement == KlPlacement::kReward;
    std::vector<double> returns;
    for (const auto& path : task_.paths()) {
      auto tokens = task_.token_rewards(path);
      for (std::size_t t = 0; in_reward && t < tokens.size(); ++t)
        tokens[t] -= coefficient_ * log_ratio_[path.cells[t]];
      std::partial_sum(tokens.rbegin(), tokens.rend(), tokens.rbegin());
      returns.push_back(tokens.front());
      advantages_.push_back(std::move(tokens));
    }
    if (algorithm_.compares_samples()) compare_within_prompts(returns);
    if (algorithm_.whiten == WhitenScope::kGlobal) whiten();
  }

  void compare_within_prompts(const std::vector<double>& returns) {
    for (std::size_t i = 0; i < returns.size(); ++i) {
      const auto group = spread(returns, task_.paths()[i].prompt);
      const double scale =
          algorithm_.advantage == AdvantageKind::kGroupNormalized ? 1 / group.deviation : 1;
      std::fill(advantages_[i].begin(), advantages_[i].end(), scale * (returns[i] - group.mean));
    }
  }

  // Over tokens: a response counts as often as it is long.
  void whiten() {
    double mass = 0, sum = 0, squares = 0;
    for (std::size_t i = 0; i < advantages_.size(); ++i) {
      for (const double value : advantages_[i]) {
        mass += probability_[i];
        sum += probability_[i] * value;
        squares += probability_[i] * value * value;
      }
    }
    const double mean = sum / mass, deviation = std::sqrt(squares / mass - mean * mean);
    for (auto& tokens : advantages_) {
      for (auto& value : tokens) value = (value - mean) / deviation;
    }
  }

  double coefficient(std::size_t i, std::size_t t) const {
    const double length = static_cast<double>(advantages_[i].size());
    const double weight =
        algorithm_.aggregation == Aggregation::kSequenceMeanTokenMean ? 1 / length : 1;
    // The ratio of a whole response has the gradients of all its tokens, on each of them.
    const double ratio_weight =
        algorithm_.loss == PolicyLossKind::kSequence ? weight * length : weight;
    return ratio_weight * advantages_[i][t] - weight * penalty(task_.paths()[i], t);
  }

  double penalty(const Path& path, std::size_t t) const {
    if (algorithm_.kl_placement != KlPlacement::kLoss) return 0;
    double d = log_ratio_[path.cells[t]];
    if (algorithm_.kl_level == KlLevel::kResponse) {
      d = 0;
      for (const auto cell : path.cells) d += log_ratio_[cell];
    }
    switch (algorithm_.kl_estimator) {
      case KlEstimator::kK1:
        return coefficient_;
      case KlEstimator::kK2:
        return coefficient_ * d;
      case KlEstimator::kK3:
        return coefficient_ * (1 - std::exp(-d));
    }
    return 0;
  }

  const EnumeratedTask& task_;
  const Algorithm& algorithm_;
  double coefficient_;
  NodeTable log_policy_, log_ratio_;
  std::vector<double> probability_;
  std::vector<std::vector<double>> advantages_;
};

// A policy that all but always gives each prompt's best response.
NodeTable best_responses(const EnumeratedTask& task) {
  NodeTable logits(task.reference().size());
  for (std::int64_t prompt = 0; prompt < task.tree().shape().prompts; ++prompt) {
    const Path* best = nullptr;
    for (const auto& path : task.paths()) {
      if (path.prompt == prompt && (best == nullptr || path.reward > best->reward)) best = &path;
    }
    for (const auto cell : best->cells) logits[cell] = 50;
  }
  return logits;
}

// Soft value iteration, from the leaves to the prompts.
NodeTable soft_optimum(const EnumeratedTask& task) {
  const std::size_t width = task.width();
  const auto log_reference = task.log_policy(task.reference());
  NodeTable logits(log_reference.size()), values(log_reference.size() / width);
  for (std::size_t node = values.size(); node-- > 0;) {
    double sum = 0;
    for (std::size_t token = 0; token < width; ++token) {
      const std::size_t cell = node * width + token;
      const auto next =
          task.tree().next(static_cast<std::int64_t>(node), static_cast<std::int64_t>(token));
      const double later = next == PrefixTree::kEnd ? 0 : values.at(static_cast<std::size_t>(next));
      logits[cell] = log_reference[cell] + (task.rewards()[cell] + later) / task.beta();
      sum += std::exp(logits[cell]);
    }
    values[node] = task.beta() * std::log(sum);
  }
  return logits;
}

}  // namespace

EnumeratedTask::EnumeratedTask(const PrefixTree& tree, double beta, std::uint64_t seed)
    : tree_(tree), beta_(beta) {
  const auto cells = static_cast<std::size_t>(tree.nodes()) * width();
  rewards_ = draw_table(cells, 0.6, seed, 0);
  reference_ = draw_table(cells, 0.7, seed, 1);
  log_reference_ = log_policy(reference_);
  for (std::int64_t prompt = 0; prompt < tree.shape().prompts; ++prompt)
    enumerate({.prompt = prompt, .tokens = {}, .cells = {}}, tree.next(PrefixTree::kStart, prompt));
}

void EnumeratedTask::enumerate(Path path, std::int64_t node) {
  if (node == PrefixTree::kEnd) {
    paths_.push_back(std::move(path));
    return;
  }
  for (std::int64_t token = 0; token < tree_.shape().vocabulary; ++token) {
    Path longer = path;
    longer.tokens.push_back(token);
    longer.cells.push_back(static_cast<std::size_t>(node) * width() +
                           static_cast<std::size_t>(token));
    longer.reward += rewards_[longer.cells.back()];
    enumerate(std::move(longer), tree_.next(node, token));
  }
}

std::vector<double> EnumeratedTask::token_rewards(const Path& path) const {
  std::vector<double> rewards;
  for (const auto cell : path.cells) rewards.push_back(rewards_[cell]);
  return rewards;
}

NodeTable EnumeratedTask::log_policy(const NodeTable& logits) const {
  NodeTable result(logits.size());
  for (std::size_t node = 0; node < logits.size(); node += width()) {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (std::size_t i = node; i < node + width(); ++i) largest = std::max(largest, logits[i]);
    for (std::size_t i = node; i < node + width(); ++i) sum += std::exp(logits[i] - largest);
    for (std::size_t i = node; i < node + width(); ++i)
      result[i] = logits[i] - largest - std::log(sum);
  }
  return result;
}

double EnumeratedTask::regularised_return(const NodeTable& logits) const {
  const auto log_policy_cells = log_policy(logits);
  double sum = 0;
  for (const auto& path : paths_) {
    double log_probability = 0, log_ratio = 0;
    for (const auto cell : path.cells) {
      log_probability += log_policy_cells[cell];
      log_ratio += log_policy_cells[cell] - log_reference_[cell];
    }
    sum += std::exp(log_probability) * (path.reward - beta_ * log_ratio);
  }
  return sum / static_cast<double>(tree_.shape().prompts);
}

double EnumeratedTask::best_regularised_return() const {
  std::vector<double> partition(static_cast<std::size_t>(tree_.shape().prompts));
  for (const auto& path : paths_) {
    double log_probability = 0;
    for (const auto cell : path.cells) log_probability += log_reference_[cell];
    partition[static_cast<std::size_t>(path.prompt)] +=
        std::exp(log_probability + path.reward / beta_);
  }
  double sum = 0;
  for (const double z : partition) sum += beta_ * std::log(z);
  return sum / static_cast<double>(partition.size());
}

NodeTable own_optimum(const EnumeratedTask& task, const Algorithm& algorithm, double coefficient) {
  if (algorithm.kl_placement == KlPlacement::kNone) return best_responses(task);
  if (algorithm.learns_q()) return soft_optimum(task);
  NodeTable logits = task.reference();
  double largest = 0;
  for (int iteration = 0; iteration < 20000; ++iteration) {
    const auto direction = ExpectedUpdate(task, algorithm, coefficient, logits).direction();
    largest = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      // A penalty like exp(-d) is steep where the policy has fallen far below the reference.
      logits[i] += std::clamp(0.2 * direction[i], -0.5, 0.5);
      largest = std::isnan(direction[i]) ? direction[i] : std::max(largest, std::abs(direction[i]));
    }
    if (largest < 1e-10) return logits;
    ALARM_CHECK(std::isfinite(largest), "no expected update of 0: the policy collapses");
  }
  throw Error(fmt::format("the expected update is still {} after 20000 iterations", largest));
}

}  // namespace alarm_dist::testing
