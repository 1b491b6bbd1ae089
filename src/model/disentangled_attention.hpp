// SPDX-License-Identifier: Apache-2.0
// DeBERTa-v2's attention (He et al. 2021, as in transformers' DisentangledSelfAttention): scores
// are the sum of content against content, content against relative position and position against
// content, each divided by sqrt(terms * head size).
#pragma once

#include <cstdint>
#include <memory>

#include <ATen/core/Tensor.h>

#include "model/encoder_attention.hpp"

namespace alarm_dist {

// [L, L]: the row of the position table for the distance of query and key. With buckets, distances
// up to half of them are exact, beyond that logarithmic; in float32 whatever the model's type, as
// published models were trained.
at::Tensor relative_places_LL(std::int64_t length, const RelativeAttention& relative);

std::unique_ptr<EncoderAttention> make_disentangled_attention(const EncoderPass& pass,
                                                              const RelativeAttention& relative);

}  // namespace alarm_dist
