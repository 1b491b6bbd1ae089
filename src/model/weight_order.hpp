// SPDX-License-Identifier: Apache-2.0
// The order of a model's tensors in the files that this program writes.
#pragma once

#include <string>
#include <vector>

namespace alarm_dist {

// By name, but queries, keys and values of a layer (and the two maps of a gated feed-forward part)
// stand one after the other, so that a network can use them as one matrix without a copy. Works on
// names alone: "self_attn.q_proj", "self.query", "SelfAttention.q"...
std::vector<std::string> in_fused_order(std::vector<std::string> names);

}  // namespace alarm_dist
