// SPDX-License-Identifier: Apache-2.0
// The tensors of an encoder's trunk, bottom to top.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/store/tensor_file.hpp"

#include "model/encoder_config.hpp"

namespace alarm_dist {

struct EncoderTensor {
  std::string name;  // without the family's prefix
  std::vector<std::int64_t> shape;
  std::int64_t layer;
};

inline constexpr std::int64_t kEncoderEmbeddings = -1;  // as a number of a layer: below the first

std::vector<EncoderTensor> encoder_tensors(const EncoderConfig& config);

// What a file calls the tensor: older BERT checkpoints have LayerNorm.gamma and LayerNorm.beta,
// which transformers reads as weight and bias too.
std::string name_in_file(const TensorFile& file, const std::string& name);

}  // namespace alarm_dist
