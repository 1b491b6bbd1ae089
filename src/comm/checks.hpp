// SPDX-License-Identifier: Apache-2.0
// What every Communicator asks of its arguments before it moves a byte, so that all of them refuse
// the same things in the same words.
#pragma once

#include <string_view>

#include "alarm/comm/communicator.hpp"

namespace alarm_dist {

void check_tensor(const Communicator& communicator, const at::Tensor& tensor,
                  std::string_view operation);
void check_reduction(const Communicator& communicator, const at::Tensor& tensor, ReduceOp op,
                     std::string_view operation);
void check_root(const Communicator& communicator, int root, std::string_view operation);
// all holds one part of mine's size and type for each rank.
void check_parts(const Communicator& communicator, const at::Tensor& all, const at::Tensor& mine,
                 std::string_view operation);

// The tensor itself, or a float32 copy where the type is reduced in float32 (bfloat16, float16).
at::Tensor widened(const at::Tensor& tensor);

}  // namespace alarm_dist
