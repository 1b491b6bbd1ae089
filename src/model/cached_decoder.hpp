// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "alarm/model/decoder.hpp"

#include "model/decoder_network.hpp"

namespace alarm_dist {

// The network is borrowed.
std::unique_ptr<Decoder> make_cached_decoder(const DecoderNetwork& network, const DecodePlan& plan,
                                             Adapter adapter);

}  // namespace alarm_dist
