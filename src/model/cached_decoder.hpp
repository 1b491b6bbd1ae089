// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "alarm/model/decoder.hpp"

#include "model/decoder_network.hpp"

namespace alarm_dist {

std::unique_ptr<Decoder> make_cached_decoder(std::shared_ptr<const DecoderNetwork> network,
                                             const DecodePlan& plan, Adapter adapter);

}  // namespace alarm_dist
