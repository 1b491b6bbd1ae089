// SPDX-License-Identifier: Apache-2.0
#include "text/character_assembler.hpp"

#include <utility>

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kReplacementBytes = "\xEF\xBF\xBD";

bool is_malformed(std::string_view bytes, std::size_t at, const Character& character) {
  return character.code == kReplacement && bytes.substr(at, character.size) != kReplacementBytes;
}

// Whether malformed bytes at the very end may become a character yet.
bool may_continue(char first) {
  const auto lead = static_cast<unsigned char>(first);
  return lead >= 0xC2 && lead <= 0xF4;
}

}  // namespace

void CharacterAssembler::push(std::size_t token, std::string_view bytes) {
  pending_ += bytes;
  pending_from_.resize(pending_.size(), token);
  emit_characters(false);
}

void CharacterAssembler::finish(std::size_t tokens) {
  emit_characters(true);
  if (tokens == 0) return;
  close_tokens(tokens - 1);
  out_.offsets.back().end = static_cast<std::int64_t>(out_.text.size());
}

void CharacterAssembler::emit_characters(bool last) {
  std::size_t at = 0;
  while (at < pending_.size()) {
    Character character = character_or_replacement(pending_, at);
    if (is_malformed(pending_, at, character)) {
      const bool reaches_end = at + character.size == pending_.size();
      if (reaches_end && !last && may_continue(pending_[at])) break;
      if (malformed_ == Malformed::kEachByte) character.size = 1;
    }
    at += character.size;
    close_tokens(pending_from_[at - 1]);
    append_utf8(out_.text, character.code);
  }
  pending_.erase(0, at);
  pending_from_.erase(pending_from_.begin(),
                      pending_from_.begin() + static_cast<std::ptrdiff_t>(at));
}

void CharacterAssembler::close_tokens(std::size_t before) {
  const auto here = static_cast<std::int64_t>(out_.text.size());
  while (out_.offsets.size() <= before) {
    if (!out_.offsets.empty()) out_.offsets.back().end = here;
    out_.offsets.push_back({here, here});
  }
}

std::string CharacterAssembler::take_text() {
  std::string text = out_.text.substr(taken_);
  taken_ = out_.text.size();
  return text;
}

DecodedText CharacterAssembler::take_all() { return std::move(out_); }

}  // namespace alarm_dist
