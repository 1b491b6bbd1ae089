// SPDX-License-Identifier: Apache-2.0
#include "alarm/rl/components.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

void check_components(const at::Tensor& values_TC, std::span<const ComponentTerm> terms) {
  ALARM_CHECK(values_TC.dim() == 2 && values_TC.size(1) == std::ssize(terms),
              "components: expected a column for each of {}, got {} dimensions, {} columns",
              terms.size(), values_TC.dim(), values_TC.dim() == 2 ? values_TC.size(1) : 0);
}

at::Tensor row_like(const at::Tensor& like, const std::vector<double>& numbers) {
  return at::tensor(numbers, at::kDouble).to(like.options());
}

}  // namespace

at::Tensor penalize_components(const at::Tensor& rewards_TC, const at::Tensor& kl_T,
                               double coefficient, std::span<const ComponentTerm> terms) {
  check_components(rewards_TC, terms);
  const double equal = 1.0 / static_cast<double>(terms.size());
  std::vector<double> shares;
  for (const auto& term : terms) shares.push_back(term.kl.value_or(equal));
  return rewards_TC - coefficient * kl_T.unsqueeze(1) * row_like(rewards_TC, shares);
}

at::Tensor sum_components(const at::Tensor& values_TC, std::span<const ComponentTerm> terms) {
  check_components(values_TC, terms);
  std::vector<double> weights;
  for (const auto& term : terms) weights.push_back(term.weight);
  return (values_TC * row_like(values_TC, weights)).sum(1);
}

Advantages gae_by_component(const at::Tensor& rewards_TC, const at::Tensor& values_TC,
                            std::span<const std::int64_t> offsets,
                            std::span<const ComponentTerm> terms) {
  check_components(rewards_TC, terms);
  check_components(values_TC, terms);
  std::vector<at::Tensor> advantages, returns;
  for (std::size_t c = 0; c < terms.size(); ++c) {
    const auto column = static_cast<std::int64_t>(c);
    const auto one =
        gae(rewards_TC.select(1, column).contiguous(), values_TC.select(1, column).contiguous(),
            offsets, terms[c].gamma, terms[c].lambda);
    advantages.push_back(one.advantages_T);
    returns.push_back(one.returns_T);
  }
  return {sum_components(at::stack(advantages, 1), terms), at::stack(returns, 1)};
}

}  // namespace alarm_dist
