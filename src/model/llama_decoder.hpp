// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "alarm/model/decoder.hpp"

#include "model/llama_network.hpp"

namespace alarm_dist {

// The network is borrowed.
std::unique_ptr<Decoder> make_llama_decoder(const LlamaNetwork& network, const DecodePlan& plan,
                                            Adapter adapter);

}  // namespace alarm_dist
