// SPDX-License-Identifier: Apache-2.0
// What the bodies of this room share: checks of ragged rows and their values on the host.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist::rl {

// One value a token, and as many as there are in expected_T.
void check_tokens(const at::Tensor& values_T, const at::Tensor& expected_T, std::string_view name);
// The same of responses.
void check_responses(const at::Tensor& values_R, const at::Tensor& expected_R,
                     std::string_view name);
// Ascending from 0 to the number of tokens.
void check_offsets(std::span<const std::int64_t> offsets, std::int64_t tokens);

// Float64 on the host, no gradient: advantages are a few thousand numbers, and recurrences run
// token by token.
std::vector<double> host_values(const at::Tensor& values_T);
// The same way back, in the type and on the device of like_T.
at::Tensor like(const at::Tensor& like_T, std::span<const double> values);

// The index of the response that each token belongs to, on the host.
at::Tensor response_of_tokens(std::span<const std::int64_t> offsets);
// The sum over each response, or the mean, on each of its tokens. Differentiable.
at::Tensor response_sums(const at::Tensor& values_T, std::span<const std::int64_t> offsets);
at::Tensor response_means(const at::Tensor& values_T, std::span<const std::int64_t> offsets);

// The scalars in one transfer instead of one each.
std::vector<double> host_scalars(const std::vector<at::Tensor>& scalars);

}  // namespace alarm_dist::rl
