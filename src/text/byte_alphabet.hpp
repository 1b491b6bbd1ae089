// SPDX-License-Identifier: Apache-2.0
// GPT-2's alphabet: every byte as a printable character, so that a vocabulary of byte strings can
// be written as text.
//
// Printable Latin-1 stands for itself; the other bytes are numbered from U+0100 on (the space
// becomes U+0120).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace alarm_dist {

char32_t byte_alphabet_code(std::uint8_t byte);
std::string byte_to_alphabet(std::uint8_t byte);        // UTF-8
std::string bytes_to_alphabet(std::string_view bytes);  // UTF-8
std::optional<std::string> alphabet_to_bytes(
    std::string_view token);  // nothing if a character is not of the alphabet

}  // namespace alarm_dist
