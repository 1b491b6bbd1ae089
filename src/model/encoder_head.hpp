// SPDX-License-Identifier: Apache-2.0
// Which head an encoder's checkpoint has, and where its tensors are.
#pragma once

#include <filesystem>
#include <string>

#include "alarm/model/encoder.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/activation.hpp"
#include "model/encoder_config.hpp"

namespace alarm_dist {

// A linear layer `output` on the states, behind `dense` and its activation where there is one.
struct HeadSpec {
  EncoderHead head;
  std::string output;  // without ".weight"
  std::string dense = {};
  Activation activation = Activation::kTanh;
};

// By the tensors and, where they can mean two things, by the config's architecture. Throws Error
// naming the folder and a head that is not known.
HeadSpec find_head(const std::filesystem::path& dir, const TensorFile& file,
                   const EncoderConfig& config, const EncoderOptions& options);

}  // namespace alarm_dist
