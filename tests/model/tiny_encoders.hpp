// SPDX-License-Identifier: Apache-2.0
// The tiny encoders of tests/golden/make_encoders.py, and what transformers computed with them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/encoder.hpp"

namespace alarm_dist::testing {

std::filesystem::path write_encoder(const std::string& variant, const std::filesystem::path& dir,
                                    const std::string& changes = "{}");
std::vector<EncoderInput> encoder_inputs(const std::string& variant);
bool encoder_has_head(const std::string& variant);
at::Tensor encoder_golden(const std::string& variant, const std::string& key);

}  // namespace alarm_dist::testing
