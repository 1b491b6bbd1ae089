// SPDX-License-Identifier: Apache-2.0
#include "text/byte_alphabet.hpp"

#include <array>

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

constexpr char32_t kFirstSubstitute = 0x100;
constexpr std::size_t kCodes = 0x144;  // one past the last substitute: 68 bytes do not print
constexpr std::int16_t kNone = -1;

constexpr bool prints(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
  std::array<char32_t, 256> code_of{};
  std::array<std::int16_t, kCodes> byte_of{};
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte_of.fill(kNone);
  char32_t substitute = kFirstSubstitute;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t code = prints(byte) ? static_cast<char32_t>(byte) : substitute++;
    alphabet.code_of[byte] = code;
    alphabet.byte_of[code] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

char32_t byte_alphabet_code(std::uint8_t byte) { return kAlphabet.code_of[byte]; }

std::string byte_to_alphabet(std::uint8_t byte) {
  std::string out;
  append_utf8(out, kAlphabet.code_of[byte]);
  return out;
}

std::string bytes_to_alphabet(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes)
    append_utf8(out, kAlphabet.code_of[static_cast<unsigned char>(byte)]);
  return out;
}

std::optional<std::string> alphabet_to_bytes(std::string_view token) {
  std::string bytes;
  for (std::size_t at = 0; at < token.size();) {
    const Character character = character_at(token, at);
    at += character.size;
    if (character.code >= kCodes || kAlphabet.byte_of[character.code] == kNone) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte_of[character.code]);
  }
  return bytes;
}

}  // namespace alarm_dist
