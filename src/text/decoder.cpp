// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.hpp"

#include <array>

#include "text/byte_alphabet.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

class ByteLevelDecoder final : public Decoder {
 public:
  std::string bytes(const std::string& token, Place) const override {
    return alphabet_to_bytes(token).value_or(token);  // an added token stands for its own text
  }
};

class WordPieceDecoder final : public Decoder {
 public:
  explicit WordPieceDecoder(const JsonField& field)
      : prefix_(field.text_or("prefix", "##")), cleanup_(field.boolean_or("cleanup", true)) {}

  std::string bytes(const std::string& token, Place place) const override {
    std::string piece = token;
    if (place == Place::kLater) {
      piece = token.starts_with(prefix_) ? token.substr(prefix_.size()) : " " + token;
    }
    return cleanup_ ? cleaned(piece) : piece;
  }

 private:
  // English punctuation and contractions join the word before them.
  static std::string cleaned(const std::string& piece) {
    static constexpr std::array kJoined = {" .",  " ?",  " !",   " ,",  " n't",
                                           " 'm", " 's", " 've", " 're"};
    for (const char* joined : kJoined) {
      if (piece.starts_with(joined)) return piece.substr(1);
    }
    return piece;
  }

  std::string prefix_;
  bool cleanup_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const JsonField& field) {
  const std::string type = field.type();
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "WordPiece") return std::make_unique<WordPieceDecoder>(field);
  field.refuse("decoder \"" + type + "\"");
}

DecodedText join_pieces(const std::vector<std::string>& pieces) {
  std::string bytes;
  std::vector<std::size_t> ends;
  for (const std::string& piece : pieces) ends.push_back((bytes += piece).size());

  DecodedText out;
  out.offsets.resize(pieces.size());
  std::size_t token = 0;  // the one that completes the character at hand
  const auto close_token = [&] {
    const auto here = static_cast<std::int64_t>(out.text.size());
    out.offsets[token++].end = here;
    if (token < pieces.size()) out.offsets[token] = {here, here};
  };
  for (std::size_t at = 0; at < bytes.size();) {
    const Character character = character_or_replacement(bytes, at);
    at += character.size;
    while (ends[token] < at) close_token();
    append_utf8(out.text, character.code);
  }
  while (token < pieces.size()) close_token();
  return out;
}

}  // namespace alarm_dist
