// SPDX-License-Identifier: Apache-2.0
// Characters of well-formed UTF-8 and the classes that tokenizers ask about.
//
// Nothing but character_or_replacement checks its input: check with find_invalid_utf8 where text
// enters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist {

struct Character {
  char32_t code = 0;
  std::size_t size = 0;  // bytes
};

// Bytes that a character with this first byte has; 1 for a byte that begins none.
std::size_t character_size(char first);
Character character_at(std::string_view text, std::size_t position);
// For text that may be broken: U+FFFD with the size of the bytes that no character begins with (the
// longest such start).
Character character_or_replacement(std::string_view text, std::size_t position);
void append_utf8(std::string& text, char32_t code);
std::size_t count_characters(std::string_view text);
bool is_continuation_byte(char byte);  // the second or a later byte of a character
std::size_t previous_character(std::string_view text, std::size_t end);  // where it begins
bool is_ascii(std::string_view text);

bool is_white_space(char32_t code);  // Unicode's White_Space
bool is_numeric(char32_t code);      // Nd, Nl, No
bool is_word(char32_t code);         // \w of UTS 18: alphabetic, mark, digit, connector, joiner
bool is_mark(char32_t code);         // Mn, Mc, Me
bool is_letter(char32_t code);
bool is_upper(char32_t code);
bool is_lower(char32_t code);

// BERT's classes. `tokenizers` asks tables of Unicode 8 for them, so a character that came later
// belongs to none (six characters that changed class since differ: U+166D, U+1734, U+1885, U+1886,
// U+A9BD, U+111C9).
bool is_bert_punctuation(char32_t code);      // P*, and all of ASCII's punctuation and symbols
bool is_bert_control(char32_t code);          // Cc, Cf, Co but not tab, line feed, carriage return
bool is_bert_nonspacing_mark(char32_t code);  // Mn
bool is_cjk_ideograph(char32_t code);         // the blocks that BERT puts spaces around

// Whether that version of Unicode knew the character; `tokenizers` has old tables here and there.
bool is_of_version(char32_t code, std::uint8_t version);

// Scripts as SentencePiece sees them, by a number: the kana are Han, the space and what Unicode 9
// did not know are of any script (0).
int sentencepiece_script(char32_t code);

std::vector<char32_t> canonical_decomposition(
    char32_t code);                               // of one character; itself if there is none
std::vector<char32_t> lower_case(char32_t code);  // without context, in no particular language

}  // namespace alarm_dist
