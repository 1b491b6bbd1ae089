// SPDX-License-Identifier: Apache-2.0
// Second copies of trained leaves: a reference that moves, an average.
#pragma once

#include <functional>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

NamedTensors clone_tensors(const NamedTensors& tensors);
// weights <- keep * weights + (1 - keep) * target, name by name in the same order.
void follow_weights(const NamedTensors& weights, const NamedTensors& target, double keep);
// Runs body with the two copies' contents exchanged, and exchanges them back.
void while_exchanged(const NamedTensors& a, const NamedTensors& b,
                     const std::function<void()>& body);

}  // namespace alarm_dist
