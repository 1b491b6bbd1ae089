// SPDX-License-Identifier: Apache-2.0
// Tokens back to text.
//
// A decoder is a chain of steps through which the tokens run one by one, so that a stream of tokens
// and a list of them are the same thing: what a step must see more of before it can answer, it
// keeps back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alarm/text/tokenizer.hpp"

#include "text/json_field.hpp"

namespace alarm_dist {

// What a token contributes; the bytes need not be whole characters once a step made bytes of them.
struct Piece {
  std::size_t token = 0;  // its place among the tokens
  std::string bytes;
};

using PieceSink = std::function<void(Piece)>;

class DecoderStep {
 public:
  virtual ~DecoderStep() = default;
  virtual void push(Piece piece, const PieceSink& next) = 0;
  virtual void finish(const PieceSink&) {}  // no token follows
};

using DecoderStepPtr = std::unique_ptr<DecoderStep>;

// Makes the steps for one sequence of tokens. Const after construction.
class Decoder {
 public:
  // From the "decoder" of a tokenizer.json, of any kind.
  explicit Decoder(const JsonField& field);
  // Without one, `tokenizers` puts a space between tokens.
  Decoder();

  std::vector<DecoderStepPtr> make_steps() const;

 private:
  using Factory = std::function<DecoderStepPtr()>;
  void add(const JsonField& field);

  std::vector<Factory> factories_;
  std::optional<std::size_t> byte_fallback_;  // its place, if there is one
  bool fused_ = false;                        // from here on the pieces are parts of one token
};

// A sequence of tokens on its way through the steps of a decoder.
class DecoderRun {
 public:
  explicit DecoderRun(std::vector<DecoderStepPtr> steps) : steps_(std::move(steps)) {}
  void push(Piece piece, const PieceSink& out) { run(0, std::move(piece), out); }
  void finish(const PieceSink& out);

 private:
  void run(std::size_t step, Piece piece, const PieceSink& out);

  std::vector<DecoderStepPtr> steps_;
};

using DecoderFactory = std::function<DecoderStepPtr()>;
// A run of bytes goes on byte by byte, so that its characters keep their tokens, or as one piece of
// its last token, for a step that looks into pieces.
enum class ByteRun { kByBytes, kWhole };
DecoderFactory make_byte_fallback_decoder(ByteRun goes_on);
DecoderFactory make_byte_level_decoder();
DecoderFactory make_bpe_decoder(const JsonField& field);
DecoderFactory make_metaspace_decoder(const JsonField& field);
DecoderFactory make_replace_decoder(const JsonField& field);
DecoderFactory make_strip_decoder(const JsonField& field);        // of every token
DecoderFactory make_fused_strip_decoder(const JsonField& field);  // of the text
DecoderFactory make_wordpiece_decoder(const JsonField& field);

}  // namespace alarm_dist
