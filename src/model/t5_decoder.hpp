// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "alarm/model/decoder.hpp"

#include "model/t5_network.hpp"

namespace alarm_dist {

// Encodes each prompt once and computes the start token.
std::unique_ptr<Decoder> make_t5_decoder(std::shared_ptr<const T5Network> network,
                                         const DecodePlan& plan, Adapter adapter);

}  // namespace alarm_dist
