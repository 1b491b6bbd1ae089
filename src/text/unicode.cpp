// SPDX-License-Identifier: Apache-2.0
#include "text/unicode.hpp"

#include <algorithm>
#include <bit>

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

bool has_category(char32_t code, std::uint32_t mask) {
  return (U_GET_GC_MASK(static_cast<UChar32>(code)) & mask) != 0;
}

bool within(char32_t code, char32_t first, char32_t last) { return code >= first && code <= last; }

constexpr std::uint8_t kBertUnicode = 8;
constexpr std::uint8_t kScriptUnicode = 9;

bool has_property(char32_t code, UProperty property) {
  return u_hasBinaryProperty(static_cast<UChar32>(code), property) != 0;
}

std::vector<char32_t> characters(const icu::UnicodeString& text) {
  std::vector<char32_t> out;
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    out.push_back(static_cast<char32_t>(text.char32At(i)));
  }
  return out;
}

}  // namespace

std::size_t character_size(char first) {
  const int ones = std::countl_one(static_cast<unsigned char>(first));
  return static_cast<std::size_t>(std::clamp(ones, 1, 4));
}

Character character_at(std::string_view text, std::size_t position) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t next = position;
  UChar32 code = 0;
  U8_NEXT_UNSAFE(bytes, next, code);
  return {static_cast<char32_t>(code), next - position};
}

Character character_or_replacement(std::string_view text, std::size_t position) {
  constexpr char32_t kReplacement = 0xFFFD;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t next = position;
  UChar32 code = 0;
  U8_NEXT(bytes, next, text.size(), code);
  return {code < 0 ? kReplacement : static_cast<char32_t>(code), next - position};
}

void append_utf8(std::string& text, char32_t code) {
  char bytes[U8_MAX_LENGTH];
  std::int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, static_cast<UChar32>(code));
  text.append(bytes, static_cast<std::size_t>(size));
}

bool is_continuation_byte(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

std::size_t previous_character(std::string_view text, std::size_t end) {
  do {
    --end;
  } while (end > 0 && is_continuation_byte(text[end]));
  return end;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return (byte & 0x80) == 0; });
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += is_continuation_byte(byte) ? 0 : 1;
  return count;
}

bool is_of_version(char32_t code, std::uint8_t version) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(code), age);
  return age[0] > 0 && age[0] <= version;
}

bool is_white_space(char32_t code) { return u_isUWhiteSpace(static_cast<UChar32>(code)) != 0; }
bool is_numeric(char32_t code) { return has_category(code, U_GC_N_MASK); }
bool is_letter(char32_t code) { return has_category(code, U_GC_L_MASK); }
bool is_upper(char32_t code) { return has_category(code, U_GC_LU_MASK | U_GC_LT_MASK); }
bool is_lower(char32_t code) { return has_category(code, U_GC_LL_MASK); }

bool is_word(char32_t code) {
  return has_category(code,
                      U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_NL_MASK | U_GC_PC_MASK) ||
         has_property(code, UCHAR_ALPHABETIC) || has_property(code, UCHAR_JOIN_CONTROL);
}

bool is_mark(char32_t code) { return has_category(code, U_GC_M_MASK); }

bool is_bert_punctuation(char32_t code) {
  const bool ascii = within(code, '!', '/') || within(code, ':', '@') || within(code, '[', '`') ||
                     within(code, '{', '~');
  return ascii || (has_category(code, U_GC_P_MASK) && is_of_version(code, kBertUnicode));
}

bool is_bert_control(char32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return false;
  return has_category(code, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK) &&
         is_of_version(code, kBertUnicode);
}

bool is_bert_nonspacing_mark(char32_t code) {
  return has_category(code, U_GC_MN_MASK) && is_of_version(code, kBertUnicode);
}

bool is_cjk_ideograph(char32_t code) {
  return within(code, 0x4E00, 0x9FFF) || within(code, 0x3400, 0x4DBF) ||
         within(code, 0x20000, 0x2A6DF) || within(code, 0x2A700, 0x2B73F) ||
         within(code, 0x2B740, 0x2B81F) || within(code, 0x2B920, 0x2CEAF) ||
         within(code, 0xF900, 0xFAFF) || within(code, 0x2F800, 0x2FA1F);
}

int sentencepiece_script(char32_t code) {
  constexpr char32_t kProlongedSound = 0x30FC;
  constexpr int kAny = 0;
  if (code == U' ' || !is_of_version(code, kScriptUnicode)) return kAny;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(code), &status);
  if (U_FAILURE(status) || script == USCRIPT_UNKNOWN) return kAny;
  const bool kana = script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA;
  return 1 + (kana || code == kProlongedSound ? USCRIPT_HAN : script);
}

std::vector<char32_t> canonical_decomposition(char32_t code) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  ALARM_CHECK(U_SUCCESS(status), "ICU has no normalisation data: {}", u_errorName(status));
  icu::UnicodeString decomposed;
  if (!nfc->getDecomposition(static_cast<UChar32>(code), decomposed)) return {code};
  return characters(decomposed);
}

std::vector<char32_t> lower_case(char32_t code) {
  icu::UnicodeString text(static_cast<UChar32>(code));
  return characters(text.toLower(icu::Locale::getRoot()));
}

}  // namespace alarm_dist
