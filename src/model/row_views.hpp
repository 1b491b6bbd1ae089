// SPDX-License-Identifier: Apache-2.0
// Ranges of rows as the attention kernel takes them, without a copy where the rows lie together.
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "model/attention_plan.hpp"

namespace alarm_dist {

// Rows [N, H, E] -> heads of the range, [1, H, n, E].
at::Tensor heads_of(const at::Tensor& rows_NHE, RowRange range);
at::Tensor heads_of(const at::Tensor& rows_NHE, const std::vector<RowRange>& ranges);

// The gradient of heads of the ranges is added to that of the rows they came from.
void add_to_rows(const at::Tensor& rows_NHE, const std::vector<RowRange>& ranges,
                 const at::Tensor& grad_1HmE);

}  // namespace alarm_dist
