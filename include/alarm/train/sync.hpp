// SPDX-License-Identifier: Apache-2.0
// Gradients and weights between ranks, in few large messages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/comm/communicator.hpp"
#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// Sums every parameter's gradient over the ranks (an undefined gradient counts as zero and is
// defined afterwards, so that a rank without samples takes part). Collective over the communicator;
// parameters in the same order on every rank.
void sum_gradients(Communicator& communicator, const std::vector<at::Tensor>& parameters);

// Copies the root's tensors to every rank. Collective.
void broadcast_tensors(Communicator& communicator, const NamedTensors& tensors, int root);

// Digest of names, shapes and bits.
std::string digest_tensors(const NamedTensors& tensors);

// Throws Error naming the ranks whose tensors differ from those of root. `tensors` empty: this rank
// holds no copy and only takes part. Collective.
void check_same_tensors(Communicator& communicator, const NamedTensors& tensors, int root,
                        const std::string& what);

}  // namespace alarm_dist
