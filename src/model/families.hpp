// SPDX-License-Identifier: Apache-2.0
// Which decoder a Hugging Face directory holds.
#pragma once

#include <filesystem>

#include "model/decoder_spec.hpp"

namespace alarm_dist {

// From config.json and generation_config.json. Throws Error naming the file and the key that is
// missing, wrong, or stands for something that is not supported.
DecoderSpec read_decoder_spec(const std::filesystem::path& dir);

}  // namespace alarm_dist
