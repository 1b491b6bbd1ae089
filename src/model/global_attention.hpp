// SPDX-License-Identifier: Apache-2.0
// Longformer's attention (Beltagy et al. 2020, as in transformers' LongformerSelfAttention): a
// window around each token, whose size is the layer's, and global tokens.
//
// Other tokens look at the global ones with the maps of the window (query, key, value); the global
// ones look at the whole sequence with maps of their own (query_global, key_global, value_global).
#pragma once

#include <memory>

#include "model/encoder_attention.hpp"

namespace alarm_dist {

std::unique_ptr<EncoderAttention> make_global_attention(const EncoderPass& pass);

}  // namespace alarm_dist
