// SPDX-License-Identifier: Apache-2.0
// Small whole numbers in every type: their sums are exact in any order, so expectations are
// equalities.
#pragma once

#include <vector>

#include <ATen/ATen.h>

#include "alarm/comm/communicator.hpp"

namespace alarm_dist::testing {

inline const std::vector<at::ScalarType> kAllTypes = {
    at::kFloat, at::kDouble, at::kBFloat16, at::kHalf, at::kInt, at::kLong, at::kByte, at::kBool};
inline const std::vector<std::int64_t> kSizes = {0, 1, 7, 1000, 4099};

inline std::vector<ReduceOp> ops_of(at::ScalarType type) {
  if (type == at::kBool) return {ReduceOp::kMin, ReduceOp::kMax};
  return {ReduceOp::kSum, ReduceOp::kMin, ReduceOp::kMax};
}

// What rank holds: element i is (3 i + 5 rank) mod 11, or whether that is above 5.
inline at::Tensor sample(int rank, std::int64_t size, at::ScalarType type) {
  const at::Tensor number = (at::arange(size, at::kLong) * 3 + 5 * rank) % 11;
  return type == at::kBool ? number > 5 : number.to(type);
}

// The reduction over ranks, in int64 and by the definition.
inline at::Tensor reduced_sample(int ranks, std::int64_t size, at::ScalarType type, ReduceOp op) {
  at::Tensor total = sample(0, size, type).to(at::kLong);
  for (int rank = 1; rank < ranks; ++rank) {
    const at::Tensor part = sample(rank, size, type).to(at::kLong);
    if (op == ReduceOp::kSum) total = total + part;
    if (op == ReduceOp::kMin) total = at::where(total < part, total, part);
    if (op == ReduceOp::kMax) total = at::where(total > part, total, part);
  }
  return total.to(type);
}

}  // namespace alarm_dist::testing
