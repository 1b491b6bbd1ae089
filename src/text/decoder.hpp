// SPDX-License-Identifier: Apache-2.0
// Tokens back to text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alarm/text/tokenizer.hpp"

#include "text/json_field.hpp"

namespace alarm_dist {

enum class Place { kFirst, kLater };

class Decoder {
 public:
  virtual ~Decoder() = default;
  // The bytes that a token stands for; they need not be whole characters.
  virtual std::string bytes(const std::string& token, Place place) const = 0;
};

// From the "decoder" of a tokenizer.json: ByteLevel or WordPiece.
std::unique_ptr<Decoder> make_decoder(const JsonField& field);

// The pieces end to end. A stretch of bytes that no character begins with becomes one U+FFFD, as in
// WHATWG and Rust.
DecodedText join_pieces(const std::vector<std::string>& pieces);

}  // namespace alarm_dist
