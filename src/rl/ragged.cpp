// SPDX-License-Identifier: Apache-2.0
#include "rl/ragged.hpp"

#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

namespace alarm_dist::rl {

namespace {

void check_rows(const at::Tensor& values, const at::Tensor& expected, std::string_view name,
                std::string_view of) {
  ALARM_CHECK(values.dim() == 1 && expected.dim() == 1 && values.size(0) == expected.size(0),
              "{}: expected one value for each of {} {}, got {} values in {} dimensions", name,
              expected.numel(), of, values.numel(), values.dim());
}

}  // namespace

void check_tokens(const at::Tensor& values_T, const at::Tensor& expected_T, std::string_view name) {
  check_rows(values_T, expected_T, name, "tokens");
}

void check_responses(const at::Tensor& values_R, const at::Tensor& expected_R,
                     std::string_view name) {
  check_rows(values_R, expected_R, name, "responses");
}

void check_offsets(std::span<const std::int64_t> offsets, std::int64_t tokens) {
  ALARM_CHECK(!offsets.empty() && offsets.front() == 0 && offsets.back() == tokens,
              "offsets: expected 0 to {} tokens, got {} to {}", tokens,
              offsets.empty() ? 0 : offsets.front(), offsets.empty() ? 0 : offsets.back());
  const auto descent = std::is_sorted_until(offsets.begin(), offsets.end());
  ALARM_CHECK(descent == offsets.end(), "offsets: response {} ends before it begins",
              descent - offsets.begin() - 1);
}

std::vector<double> host_values(const at::Tensor& values_T) {
  const at::Tensor host = values_T.detach().to(at::kCPU, at::kDouble).contiguous();
  const double* begin = host.const_data_ptr<double>();
  return {begin, begin + host.numel()};
}

at::Tensor like(const at::Tensor& like_T, std::span<const double> values) {
  at::Tensor host = at::empty({static_cast<std::int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), host.mutable_data_ptr<double>());
  return host.to(like_T.device(), like_T.scalar_type());
}

at::Tensor response_of_tokens(std::span<const std::int64_t> offsets) {
  at::Tensor rows_T = at::empty({offsets.back()}, at::kLong);
  auto* rows = rows_T.mutable_data_ptr<std::int64_t>();
  for (std::size_t r = 0; r + 1 < offsets.size(); ++r) {
    std::fill(rows + offsets[r], rows + offsets[r + 1], static_cast<std::int64_t>(r));
  }
  return rows_T;
}

at::Tensor response_sums(const at::Tensor& values_T, std::span<const std::int64_t> offsets) {
  check_offsets(offsets, values_T.size(0));
  const at::Tensor rows_T = response_of_tokens(offsets).to(values_T.device());
  const at::Tensor zeros_R = values_T.new_zeros({std::ssize(offsets) - 1});
  return zeros_R.index_add(0, rows_T, values_T).index_select(0, rows_T);
}

at::Tensor response_means(const at::Tensor& values_T, std::span<const std::int64_t> offsets) {
  return response_sums(values_T, offsets) /
         response_sums(at::ones_like(values_T.detach()), offsets);
}

std::vector<double> host_scalars(const std::vector<at::Tensor>& scalars) {
  std::vector<at::Tensor> wide;
  for (const auto& scalar : scalars) wide.push_back(scalar.detach().to(at::kDouble));
  return host_values(at::stack(wide));
}

}  // namespace alarm_dist::rl
