// SPDX-License-Identifier: Apache-2.0
#include "text/text_decoding.hpp"

#include <utility>

namespace alarm_dist {
namespace {

class Decoding {
 public:
  Decoding(const TokenText& token_text, DecoderRun steps, Malformed malformed)
      : token_text_(token_text), steps_(std::move(steps)), characters_(malformed) {}

  void push(std::int64_t id) {
    const std::size_t token = tokens_++;
    if (auto text = token_text_(id)) steps_.push({token, std::move(*text)}, sink());
  }
  void finish() {
    steps_.finish(sink());
    characters_.finish(tokens_);
  }
  CharacterAssembler& characters() { return characters_; }

 private:
  PieceSink sink() {
    return [this](const Piece& piece) { characters_.push(piece.token, piece.bytes); };
  }

  TokenText token_text_;
  DecoderRun steps_;
  CharacterAssembler characters_;
  std::size_t tokens_ = 0;
};

class TokenStream final : public DecodeStream {
 public:
  explicit TokenStream(Decoding decoding) : decoding_(std::move(decoding)) {}
  std::string push(std::int64_t id) override {
    decoding_.push(id);
    return decoding_.characters().take_text();
  }
  std::string finish() override {
    decoding_.finish();
    return decoding_.characters().take_text();
  }

 private:
  Decoding decoding_;
};

}  // namespace

DecodedText decode_tokens(std::span<const std::int64_t> ids, const TokenText& token_text,
                          DecoderRun steps, Malformed malformed) {
  Decoding decoding(token_text, std::move(steps), malformed);
  for (const std::int64_t id : ids) decoding.push(id);
  decoding.finish();
  return decoding.characters().take_all();
}

std::unique_ptr<DecodeStream> stream_tokens(TokenText token_text, DecoderRun steps,
                                            Malformed malformed) {
  return std::make_unique<TokenStream>(
      Decoding(std::move(token_text), std::move(steps), malformed));
}

}  // namespace alarm_dist
