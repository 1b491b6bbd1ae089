// SPDX-License-Identifier: Apache-2.0
// The decoders that change tokens one by one.
#include <array>
#include <optional>

#include "text/byte_alphabet.hpp"
#include "text/decoder.hpp"
#include "text/pattern.hpp"

namespace alarm_dist {
namespace {

// A step that is one function of the token and of whether it is the first.
template <typename Function>
class TokenStep final : public DecoderStep {
 public:
  explicit TokenStep(Function function) : function_(std::move(function)) {}
  void push(Piece piece, const PieceSink& next) override {
    piece.bytes = function_(std::move(piece.bytes), first_);
    first_ = false;
    next(std::move(piece));
  }

 private:
  Function function_;
  bool first_ = true;
};

template <typename Function>
DecoderFactory token_step(Function function) {
  return [function] { return std::make_unique<TokenStep<Function>>(function); };
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// English punctuation and contractions join the word before them.
void clean_up(std::string& token) {
  static constexpr std::array<std::array<std::string_view, 2>, 11> kCleaner = {{
      {" .", "."},
      {" ?", "?"},
      {" !", "!"},
      {" ,", ","},
      {" ' ", "'"},
      {" n't", "n't"},
      {" 'm", "'m"},
      {" do not", " don't"},
      {" 's", "'s"},
      {" 've", "'ve"},
      {" 're", "'re"},
  }};
  for (const auto& [from, to] : kCleaner) replace_all(token, from, to);
}

// A token waits for the next: only the last one's end of word is no space.
class BpeStep final : public DecoderStep {
 public:
  explicit BpeStep(std::string suffix) : suffix_(std::move(suffix)) {}
  void push(Piece piece, const PieceSink& next) override {
    if (waiting_) emit(std::move(*waiting_), " ", next);
    waiting_ = std::move(piece);
  }
  void finish(const PieceSink& next) override {
    if (waiting_) emit(std::move(*waiting_), "", next);
    waiting_.reset();
  }

 private:
  void emit(Piece piece, std::string_view end_of_word, const PieceSink& next) const {
    if (!suffix_.empty()) replace_all(piece.bytes, suffix_, end_of_word);
    next(std::move(piece));
  }

  std::string suffix_;
  std::optional<Piece> waiting_;
};

struct StripOptions {
  explicit StripOptions(const JsonField& field)
      : content(field.text_or("content", " ")),
        start(field.integer_or("start", 0)),
        stop(field.integer_or("stop", 0)) {
    ALARM_CHECK(!content.empty(), "{}.content: expected one character, found none", field.where());
  }

  std::string content;
  std::int64_t start;
  std::int64_t stop;
};

std::string strip_token(std::string token, const StripOptions& options) {
  for (std::int64_t i = 0; i < options.start && token.starts_with(options.content); ++i) {
    token.erase(0, options.content.size());
  }
  for (std::int64_t i = 0; i < options.stop && token.ends_with(options.content); ++i) {
    token.erase(token.size() - options.content.size());
  }
  return token;
}

// Strips the text that the tokens are together. Empty pieces pass: they keep a token's place.
class FusedStripStep final : public DecoderStep {
 public:
  explicit FusedStripStep(const StripOptions& options) : options_(options) {}

  void push(Piece piece, const PieceSink& next) override {
    while (starting_ && !piece.bytes.empty()) {
      starting_ = stripped_ < options_.start && piece.bytes.starts_with(options_.content);
      if (!starting_) break;
      piece.bytes.erase(0, options_.content.size());
      ++stripped_;
    }
    next(std::move(piece));
  }

 private:
  StripOptions options_;
  std::int64_t stripped_ = 0;
  bool starting_ = true;
};

}  // namespace

DecoderFactory make_byte_level_decoder() {
  // An added token stands for its own text.
  return token_step(
      [](std::string token, bool) { return alphabet_to_bytes(token).value_or(token); });
}

DecoderFactory make_bpe_decoder(const JsonField& field) {
  const std::string suffix = field.text_or("suffix", "</w>");
  return [suffix] { return std::make_unique<BpeStep>(suffix); };
}

DecoderFactory make_metaspace_decoder(const JsonField& field) {
  const std::string mark = field.text_or("replacement", "▁");
  const bool prefixed = field.text_or("prepend_scheme", "always") != "never" &&
                        field.boolean_or("add_prefix_space", true);
  return token_step([mark, prefixed](std::string token, bool first) {
    replace_all(token, mark, first && prefixed ? "" : " ");
    return token;
  });
}

DecoderFactory make_replace_decoder(const JsonField& field) {
  const Matcher matcher = make_matcher(field.at("pattern"));
  const std::string content = field.at("content").text();
  return token_step([matcher, content](std::string token, bool) {
    const std::vector<Span> matches = matcher(token);
    for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
      token.replace(static_cast<std::size_t>(match->begin),
                    static_cast<std::size_t>(match->end - match->begin), content);
    }
    return token;
  });
}

DecoderFactory make_strip_decoder(const JsonField& field) {
  const StripOptions options(field);
  return token_step(
      [options](std::string token, bool) { return strip_token(std::move(token), options); });
}

DecoderFactory make_fused_strip_decoder(const JsonField& field) {
  const StripOptions options(field);
  if (options.stop > 0) field.refuse("a Strip of the end after Fuse");
  if (options.content.size() > 1) field.refuse("a Strip of \"" + options.content + "\" after Fuse");
  return [options] { return std::make_unique<FusedStripStep>(options); };
}

DecoderFactory make_wordpiece_decoder(const JsonField& field) {
  const std::string prefix = field.text_or("prefix", "##");
  const bool cleanup = field.boolean_or("cleanup", true);
  return token_step([prefix, cleanup](std::string token, bool first) {
    if (!first) {
      if (token.starts_with(prefix)) {
        token.erase(0, prefix.size());
      } else {
        token.insert(0, 1, ' ');
      }
    }
    if (cleanup) clean_up(token);
    return token;
  });
}

}  // namespace alarm_dist
