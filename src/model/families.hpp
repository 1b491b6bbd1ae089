// SPDX-License-Identifier: Apache-2.0
// Which decoder a Hugging Face directory holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "model/config_file.hpp"
#include "model/decoder_spec.hpp"

namespace alarm_dist {

// From config.json and generation_config.json. Throws Error naming the file and the key that is
// missing, wrong, or stands for something that is not supported.
DecoderSpec read_decoder_spec(const std::filesystem::path& dir);

// generation_config.json's, or else those of config.json, which is given. Throws Error naming the
// file and the key of a special token that is beyond the vocabulary.
std::vector<std::int64_t> read_eos_tokens(const std::filesystem::path& dir,
                                          const ConfigFile& config, std::int64_t vocabulary);

}  // namespace alarm_dist
