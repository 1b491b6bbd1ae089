// SPDX-License-Identifier: Apache-2.0
// ByteFallback: tokens like <0xE4> become bytes. A run of them that is not UTF-8 as a whole is a
// replacement character for every byte, so a run waits for its end.
#include <charconv>
#include <optional>

#include "alarm/base/text.hpp"

#include "text/decoder.hpp"

namespace alarm_dist {
namespace {

std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  unsigned value = 0;
  const char* end = token.data() + 5;
  const auto parsed = std::from_chars(token.data() + 3, end, value, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return static_cast<char>(value);
}

class ByteFallbackStep final : public DecoderStep {
 public:
  explicit ByteFallbackStep(ByteRun goes_on) : goes_on_(goes_on) {}

  void push(Piece piece, const PieceSink& next) override {
    if (const auto byte = fallback_byte(piece.bytes)) {
      run_.push_back({piece.token, std::string(1, *byte)});
      return;
    }
    finish(next);
    next(std::move(piece));
  }

  void finish(const PieceSink& next) override {
    std::string text;
    for (const Piece& piece : run_) text += piece.bytes;
    const bool broken = find_invalid_utf8(text).has_value();
    if (goes_on_ == ByteRun::kWhole && !broken && !run_.empty()) {
      run_ = {{run_.back().token, std::move(text)}};
    }
    for (Piece& piece : run_) {
      if (broken) piece.bytes = "\xEF\xBF\xBD";  // U+FFFD
      next(std::move(piece));
    }
    run_.clear();
  }

 private:
  ByteRun goes_on_;
  std::vector<Piece> run_;
};

}  // namespace

DecoderFactory make_byte_fallback_decoder(ByteRun goes_on) {
  return [goes_on] { return std::make_unique<ByteFallbackStep>(goes_on); };
}

}  // namespace alarm_dist
