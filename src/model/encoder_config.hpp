// SPDX-License-Identifier: Apache-2.0
// What config.json says of an encoder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/activation.hpp"

namespace alarm_dist {

// How states and relative positions look at each other (DeBERTa-v2).
struct RelativeAttention {
  std::int64_t buckets = 0;  // of distances on each side; 0: a row for each distance
  std::int64_t max_distance = 0;
  bool content_to_position = false;
  bool position_to_content = false;
  bool shared_projections = false;  // positions go through the content's query and key maps
  bool norm = false;                // of the table of positions
  std::int64_t span() const { return buckets > 0 ? buckets : max_distance; }
  // Kinds of scores that add up: content to content, and those above.
  std::int64_t terms() const { return 1 + content_to_position + position_to_content; }
};

struct EncoderConfig {
  std::string prefix;      // of the trunk's tensors: "bert."
  std::string class_name;  // in transformers' names of architectures: "Bert"
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t intermediate = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;      // rows of the position table
  bool absolute_positions = true;  // there is a position table
  std::int64_t types = 0;          // 0: no table, types mean nothing
  double norm_epsilon = 1e-12;
  Activation activation = Activation::kGelu;
  std::int64_t pad_token = 0;  // its embedding is not trained, as in transformers
  // It has no position of its own either, and positions begin behind its number.
  bool positions_behind_padding = false;
  std::vector<std::int64_t> windows = {};  // tokens seen on each side, by layer; empty: all tokens
  std::optional<RelativeAttention> relative = {};
  std::optional<Activation> pooler = {};  // of a sequence classifier; absent: it has no pooler
  std::string pooler_name = {};           // its tensors
  std::string architecture = {};          // the first of "architectures", or empty

  std::int64_t first_position() const { return positions_behind_padding ? pad_token + 1 : 0; }
  std::int64_t max_length() const { return positions - first_position(); }
};

bool is_encoder(std::string_view model_type);

// Throws Error naming the file and the key that is missing, out of range or asks for what is not
// implemented.
EncoderConfig read_encoder_config(const std::filesystem::path& file);

}  // namespace alarm_dist
