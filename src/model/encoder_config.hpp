// SPDX-License-Identifier: Apache-2.0
// What config.json says of a BERT encoder.
#pragma once

#include <cstdint>
#include <filesystem>

namespace alarm_dist {

struct EncoderConfig {
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t intermediate = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;
  std::int64_t types = 0;
  double norm_epsilon = 1e-12;
};

// Throws Error naming the file and the key that is missing, out of range or asks for what is not
// implemented.
EncoderConfig read_encoder_config(const std::filesystem::path& file);

}  // namespace alarm_dist
