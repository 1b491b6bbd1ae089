// SPDX-License-Identifier: Apache-2.0
// Soft Q-learning over tokens against worlds small enough to enumerate: every sequence of actions,
// each a sequence of tokens, is a path of a tree (specs/related-systems.md 6).
#include "alarm/rl/etpo.hpp"

#include <algorithm>
#include <numeric>

#include <ATen/core/Tensor.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

#include "rl/numbers.hpp"

namespace alarm_dist::testing {
namespace {

at::Tensor random_rows(std::int64_t rows, std::int64_t columns, std::uint32_t stream) {
  at::Tensor values = at::empty({rows, columns}, at::kDouble);
  for (std::int64_t i = 0; i < rows * columns; ++i) {
    values.mutable_data_ptr<double>()[i] =
        draw_normal({.seed = 6, .sample = stream, .token = static_cast<std::uint32_t>(i)});
  }
  return values;
}

struct Shape {
  std::int64_t vocabulary;
  std::int64_t length;   // tokens an action
  std::int64_t horizon;  // actions an episode
};

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) result *= base;
  return result;
}

// A deterministic world: the state after an action is the history. States and the nodes within them
// (prefixes of the next action) are numbered breadth first.
class World {
 public:
  explicit World(const Shape& world_shape) : shape(world_shape) {
    actions = power(shape.vocabulary, shape.length);
    for (std::int64_t level = 0; level < shape.length; ++level)
      nodes_a_state += power(shape.vocabulary, level);
    for (std::int64_t step = 0; step < shape.horizon; ++step) {
      first_state.push_back(states);
      states += power(actions, step);
    }
    rewards_SA = random_rows(states, actions, 1);
    reference_NV = at::log_softmax(random_rows(states * nodes_a_state, shape.vocabulary, 2), -1);
    enumerate();
  }

  // The node in which token j of the action is chosen, and that token.
  std::int64_t node(std::int64_t state, std::int64_t action, std::int64_t j) const {
    std::int64_t before = 0;
    for (std::int64_t level = 0; level < j; ++level) before += power(shape.vocabulary, level);
    return state * nodes_a_state + before + action / power(shape.vocabulary, shape.length - j);
  }
  std::int64_t token(std::int64_t action, std::int64_t j) const {
    return action / power(shape.vocabulary, shape.length - 1 - j) % shape.vocabulary;
  }
  // -1 where the episode ends.
  std::int64_t next_state(std::int64_t state, std::int64_t action) const {
    const auto step = std::ranges::upper_bound(first_state, state) - first_state.begin() - 1;
    if (step + 1 == shape.horizon) return -1;
    const auto s = static_cast<std::size_t>(step);
    return first_state[s + 1] + (state - first_state[s]) * actions + action;
  }
  double reward(std::int64_t state, std::int64_t action) const {
    return rewards_SA.const_data_ptr<double>()[state * actions + action];
  }
  double action_logprob(const at::Tensor& policy_NV, std::int64_t state,
                        std::int64_t action) const {
    double sum = 0;
    for (std::int64_t j = 0; j < shape.length; ++j)
      sum += policy_NV.const_data_ptr<double>()[node(state, action, j) * shape.vocabulary +
                                                token(action, j)];
    return sum;
  }

  // Every action of every state, token by token, through the library: the new Q of all nodes.
  at::Tensor backup(const at::Tensor& values_N) const {
    const auto outcomes =
        ActionOutcomes{.rewards_A = rewards_SA.flatten(),
                       .next_values_A = values_N.index_select(0, next_root_A) * continues_A};
    const auto targets_T =
        soft_bellman_targets(values_N.index_select(0, node_T), offsets, outcomes, discount);
    return at::zeros({states * nodes_a_state * shape.vocabulary}, at::kDouble)
        .index_copy(0, slot_T, targets_T)
        .reshape({-1, shape.vocabulary});
  }

  Shape shape;
  double discount = .9;
  std::int64_t actions = 0;
  std::int64_t states = 0;
  std::int64_t nodes_a_state = 0;
  std::vector<std::int64_t> first_state;  // of each step
  at::Tensor rewards_SA, reference_NV;
  std::vector<std::int64_t> offsets = {0};
  at::Tensor node_T, slot_T;  // of each token of each action: its state, and its entry of Q
  at::Tensor next_root_A, continues_A;

 private:
  void enumerate() {
    std::vector<std::int64_t> nodes, slots, next;
    std::vector<double> continues;
    for (std::int64_t state = 0; state < states; ++state) {
      for (std::int64_t action = 0; action < actions; ++action) {
        for (std::int64_t j = 0; j < shape.length; ++j) {
          nodes.push_back(node(state, action, j));
          slots.push_back(nodes.back() * shape.vocabulary + token(action, j));
        }
        offsets.push_back(std::ssize(nodes));
        const auto after = next_state(state, action);
        next.push_back(std::max<std::int64_t>(after, 0) * nodes_a_state);
        continues.push_back(after < 0 ? 0 : 1);
      }
    }
    node_T = at::tensor(nodes, at::kLong);
    slot_T = at::tensor(slots, at::kLong);
    next_root_A = at::tensor(next, at::kLong);
    continues_A = numbers(continues);
  }
};

// By recursion over actions, in plain numbers: the oracle.
double action_value(const World& world, const at::Tensor& policy_NV, double beta,
                    std::int64_t state) {
  if (state < 0) return 0;
  double value = 0;
  for (std::int64_t a = 0; a < world.actions; ++a) {
    const double logp = world.action_logprob(policy_NV, state, a);
    const double reference = world.action_logprob(world.reference_NV, state, a);
    const double later = action_value(world, policy_NV, beta, world.next_state(state, a));
    value += std::exp(logp) *
             (world.reward(state, a) + world.discount * later - beta * (logp - reference));
  }
  return value;
}

// beta log sum over actions of reference * exp(Q / beta), and Q of each action.
struct Optimum {
  double value = 0;
  std::vector<double> q;
};
Optimum soft_optimum(const World& world, double beta, std::int64_t state) {
  if (state < 0) return {};
  Optimum result;
  std::vector<double> exponents;
  for (std::int64_t a = 0; a < world.actions; ++a) {
    result.q.push_back(world.reward(state, a) +
                       world.discount *
                           soft_optimum(world, beta, world.next_state(state, a)).value);
    exponents.push_back(world.action_logprob(world.reference_NV, state, a) +
                        result.q.back() / beta);
  }
  const double largest = std::ranges::max(exponents);
  double sum = 0;
  for (const double exponent : exponents) sum += std::exp(exponent - largest);
  result.value = beta * (largest + std::log(sum));
  return result;
}

// The largest return of any sequence of actions.
double best_return(const World& world, std::int64_t state) {
  if (state < 0) return 0;
  double best = -1e9;
  for (std::int64_t a = 0; a < world.actions; ++a) {
    best = std::max(best, world.reward(state, a) +
                              world.discount * best_return(world, world.next_state(state, a)));
  }
  return best;
}

at::Tensor improved(const World& world, const at::Tensor& q_NV, double beta) {
  return at::log_softmax(world.reference_NV + q_NV / beta, -1);
}

struct Solution {
  at::Tensor q_NV;
  at::Tensor policy_NV;
  at::Tensor values_N;
};
// One backup a level of the tree reaches the fixed point.
Solution evaluate(const World& world, const at::Tensor& policy_NV, double beta) {
  Solution s{at::zeros_like(policy_NV), policy_NV, {}};
  for (std::int64_t i = 0; i <= world.shape.length * world.shape.horizon; ++i) {
    s.values_N = soft_values(s.policy_NV, world.reference_NV, s.q_NV, beta);
    s.q_NV = world.backup(s.values_N);
  }
  return s;
}
Solution iterate(const World& world, double beta) {
  Solution s{at::zeros_like(world.reference_NV), world.reference_NV, {}};
  for (std::int64_t i = 0; i <= world.shape.length * world.shape.horizon; ++i) {
    s.policy_NV = improved(world, s.q_NV, beta);
    s.values_N = soft_values(s.policy_NV, world.reference_NV, s.q_NV, beta);
    s.q_NV = world.backup(s.values_N);
  }
  return s;
}

double at_row(const at::Tensor& values_N, std::int64_t row) {
  return values_N.const_data_ptr<double>()[row];
}

class Etpo : public ::testing::TestWithParam<Shape> {
 protected:
  const World world{GetParam()};
  static constexpr double kBeta = .4;
};

TEST_P(Etpo, TokenValuesAreActionValues) {
  const auto policy_NV =
      at::log_softmax(random_rows(world.reference_NV.size(0), world.shape.vocabulary, 3), -1);

  const auto solution = evaluate(world, policy_NV, kBeta);

  for (std::int64_t state = 0; state < world.states; ++state) {
    EXPECT_NEAR(at_row(solution.values_N, state * world.nodes_a_state),
                action_value(world, policy_NV, kBeta, state), 1e-12);
  }
}

TEST_P(Etpo, ReachesTheSoftOptimum) {
  const auto solution = iterate(world, kBeta);

  for (std::int64_t state = 0; state < world.states; ++state) {
    const auto optimum = soft_optimum(world, kBeta, state);
    EXPECT_NEAR(at_row(solution.values_N, state * world.nodes_a_state), optimum.value, 1e-12);
    for (std::int64_t a = 0; a < world.actions; ++a) {
      EXPECT_NEAR(world.action_logprob(solution.policy_NV, state, a),
                  world.action_logprob(world.reference_NV, state, a) +
                      (optimum.q[static_cast<std::size_t>(a)] - optimum.value) / kBeta,
                  1e-11);
    }
  }
}

TEST_P(Etpo, KeepsTheReferenceOrIsGreedyAtTheEnds) {
  const auto stiff = iterate(world, 1e7);
  const auto greedy = iterate(world, 1e-4);

  EXPECT_LT(scalar((stiff.policy_NV - world.reference_NV).abs().max()), 1e-5);
  EXPECT_NEAR(at_row(greedy.values_N, 0), best_return(world, 0), .01);
  EXPECT_LT(at_row(greedy.values_N, 0), best_return(world, 0) + 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Worlds, Etpo,
                         ::testing::Values(Shape{4, 1, 2}, Shape{3, 2, 2}, Shape{2, 3, 2},
                                           Shape{4, 3, 1}));

class EtpoPolicy : public ::testing::Test {
 protected:
  static constexpr std::int64_t kRows = 5;
  static constexpr std::int64_t kVocabulary = 4;
  static constexpr double kBeta = .3;

  at::Tensor gradient(const at::Tensor& logits_NV, const at::Tensor& values_NV) const {
    const auto x_NV = logits_NV.detach().clone().requires_grad_(true);
    etpo_policy_terms(at::log_softmax(x_NV, -1), reference_NV, values_NV, kBeta).sum().backward();
    return x_NV.grad();
  }

  const at::Tensor q_NV = random_rows(kRows, kVocabulary, 4);
  const at::Tensor reference_NV = at::log_softmax(random_rows(kRows, kVocabulary, 5), -1);
  const at::Tensor optimum_NV = at::log_softmax(reference_NV + q_NV / kBeta, -1);
};

TEST_F(EtpoPolicy, HasItsMinimumAtTheReferenceTimesExpQ) {
  const auto lowest_N = etpo_policy_terms(optimum_NV, reference_NV, q_NV, kBeta);

  EXPECT_TRUE(
      at::allclose(lowest_N, -kBeta * at::logsumexp(reference_NV + q_NV / kBeta, -1), 0, 1e-12));
  EXPECT_LT(scalar(gradient(optimum_NV, q_NV).abs().max()), 1e-12);
}

// Anywhere else the objective is larger by beta KL(policy || optimum), so that there is no other.
TEST_F(EtpoPolicy, IsADivergenceFromItsMinimum) {
  const auto policy_NV = at::log_softmax(random_rows(kRows, kVocabulary, 6), -1);

  const auto excess_N = etpo_policy_terms(policy_NV, reference_NV, q_NV, kBeta) -
                        etpo_policy_terms(optimum_NV, reference_NV, q_NV, kBeta);

  EXPECT_TRUE(at::allclose(excess_N, kBeta * (policy_NV.exp() * (policy_NV - optimum_NV)).sum(-1),
                           0, 1e-12));
}

// The released code's policy loss has a gradient in which Q does not occur.
TEST_F(EtpoPolicy, GradientDependsOnQ) {
  const auto logits_NV = random_rows(kRows, kVocabulary, 7);
  const auto other_NV = random_rows(kRows, kVocabulary, 8);
  const auto probabilities_NV = at::softmax(logits_NV, -1);
  const auto change_NV = other_NV - q_NV;

  const auto difference_NV = gradient(logits_NV, other_NV) - gradient(logits_NV, q_NV);

  const auto mean_N1 = (probabilities_NV * change_NV).sum(-1, true);
  EXPECT_GT(scalar(difference_NV.abs().max()), .1);
  EXPECT_TRUE(at::allclose(difference_NV, -probabilities_NV * (change_NV - mean_N1), 0, 1e-12));
}

TEST_F(EtpoPolicy, CriticAndReferenceAreConstants) {
  const auto critic_NV = q_NV.clone().requires_grad_(true);
  const auto trained_NV = reference_NV.clone().requires_grad_(true);

  etpo_policy_terms(reference_NV.clone().requires_grad_(true), trained_NV, critic_NV, kBeta)
      .sum()
      .backward();

  EXPECT_FALSE(critic_NV.grad().defined());
  EXPECT_FALSE(trained_NV.grad().defined());
  EXPECT_THROW(etpo_policy_terms(reference_NV, reference_NV, q_NV.slice(0, 1), kBeta), Error);
}

// Everything together, by gradient steps and with a target that lags behind.
TEST(EtpoTraining, ReachesTheSoftOptimalValues) {
  constexpr double kBeta = 1;
  const World world({2, 2, 2});
  const auto logits_NV = at::zeros_like(world.reference_NV).requires_grad_(true);
  const auto critic_NV = at::zeros_like(world.reference_NV).requires_grad_(true);
  const at::Tensor target_NV = at::zeros_like(world.reference_NV);
  const auto descend = [](const at::Tensor& loss, const at::Tensor& x, double rate) {
    loss.backward();
    x.detach().sub_(rate * x.grad());
    x.mutable_grad() = at::Tensor();
  };

  for (int step = 0; step < 300; ++step) {
    const auto policy_NV = at::log_softmax(logits_NV, -1);
    const auto goal_NV = world.backup(soft_values(policy_NV, world.reference_NV, target_NV, kBeta));
    descend(etpo_critic_terms(critic_NV.flatten(), goal_NV.flatten()).sum(), critic_NV, .8);
    descend(etpo_policy_terms(policy_NV, world.reference_NV, critic_NV, kBeta).sum(), logits_NV, 3);
    const std::vector<at::Tensor> targets = {target_NV}, onlines = {critic_NV};
    polyak_average(targets, onlines, .7);
  }

  const auto solution = iterate(world, kBeta);
  EXPECT_LT(scalar((critic_NV - solution.q_NV).abs().max()), 1e-6);
  EXPECT_LT(scalar((at::log_softmax(logits_NV, -1) - solution.policy_NV).abs().max()), 1e-6);
}

TEST(SoftBellmanTargets, DiscountOnceAnAction) {
  const std::vector<std::int64_t> offsets = {0, 3, 4, 4};

  const auto targets_T = soft_bellman_targets(
      numbers({1, 2, 3, 4}), offsets,
      {.rewards_A = numbers({.5, -1, 9}), .next_values_A = numbers({4, 0, 0})}, .9);

  expect_near(targets_T, {2, 3, .5 + .9 * 4, -1});
}

TEST(SoftBellmanTargets, RefuseOutcomesThatDoNotFit) {
  const std::vector<std::int64_t> offsets = {0, 2};

  EXPECT_THROW(
      soft_bellman_targets(numbers({1, 2}), offsets,
                           {.rewards_A = numbers({1, 2}), .next_values_A = numbers({0, 0})}, 1),
      Error);
}

TEST(NextActionValues, EndWithTheEpisode) {
  const std::vector<std::int64_t> offsets = {0, 2, 3, 5};
  const std::vector<std::int64_t> episodes = {0, 2, 3};
  const std::vector<std::int64_t> one_without_tokens = {0, 5, 5, 5};

  expect_near(next_action_values(numbers({1, 2, 3, 4, 5}), offsets, episodes), {3, 0, 0});
  EXPECT_THROW(next_action_values(numbers({1, 2, 3, 4, 5}), one_without_tokens, episodes), Error);
}

TEST(EtpoCritic, IsSquareNearAndLinearFar) {
  const auto q_T = variable({1, 20});

  const auto terms_T = etpo_critic_terms(q_T, numbers({0, 0}), 10);
  terms_T.sum().backward();

  expect_near(terms_T, {.5, 10 * (20 - 5)});
  expect_near(q_T.grad(), {1, 10});
}

TEST(PolyakAverage, FollowsSlowly) {
  const std::vector<at::Tensor> targets = {numbers({1, 2})};
  const std::vector<at::Tensor> onlines = {variable({3, 2})};

  polyak_average(targets, onlines, .75);

  expect_near(targets[0], {1.5, 2});
  EXPECT_THROW(polyak_average(targets, {}, .5), Error);
  EXPECT_THROW(polyak_average(targets, onlines, 2), Error);
}

}  // namespace
}  // namespace alarm_dist::testing
