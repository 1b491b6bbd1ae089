// SPDX-License-Identifier: Apache-2.0
#include "model/row_views.hpp"

#include <ATen/Functions.h>

namespace alarm_dist {

at::Tensor heads_of(const at::Tensor& rows_NHE, RowRange range) {
  return rows_NHE.narrow(0, range.begin, range.size()).transpose(0, 1).unsqueeze(0);
}

at::Tensor heads_of(const at::Tensor& rows_NHE, const std::vector<RowRange>& ranges) {
  if (ranges.size() == 1) return heads_of(rows_NHE, ranges.front());
  std::vector<at::Tensor> pieces;
  pieces.reserve(ranges.size());
  for (const RowRange& range : ranges)
    pieces.push_back(rows_NHE.narrow(0, range.begin, range.size()));
  return at::cat(pieces).transpose(0, 1).unsqueeze(0);
}

void add_to_rows(const at::Tensor& rows_NHE, const std::vector<RowRange>& ranges,
                 const at::Tensor& grad_1HmE) {
  const auto grad_mHE = grad_1HmE.squeeze(0).transpose(0, 1);
  std::int64_t done = 0;
  for (const RowRange& range : ranges) {
    rows_NHE.narrow(0, range.begin, range.size()).add_(grad_mHE.narrow(0, done, range.size()));
    done += range.size();
  }
}

}  // namespace alarm_dist
