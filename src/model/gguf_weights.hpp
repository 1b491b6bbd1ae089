// SPDX-License-Identifier: Apache-2.0
// The tensors of a GGUF file under Hugging Face's names, in its shapes and orders.
#pragma once

#include <c10/core/ScalarType.h>

#include "alarm/store/gguf.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/decoder_spec.hpp"

namespace alarm_dist {

// In the order in which networks use them; each is dequantised when it is made. The file is
// borrowed. Throws Error naming the file and a tensor that is missing, of another shape or without
// a place.
TensorSources gguf_weights(const GgufFile& file, const DecoderSpec& spec, c10::ScalarType dtype);

}  // namespace alarm_dist
