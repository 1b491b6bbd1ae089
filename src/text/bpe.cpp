// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding over bytes or characters.
#include <array>
#include <optional>
#include <unordered_map>

#include "text/byte_alphabet.hpp"
#include "text/merge_table.hpp"
#include "text/merging_word.hpp"
#include "text/unicode.hpp"
#include "text/word_model.hpp"

namespace alarm_dist {
namespace {

constexpr std::int32_t kNone = -1;

// "left right", or ["left", "right"] in newer files.
std::pair<std::string, std::string> merge_parts(const JsonField& merge) {
  if (merge.value().is_array()) {
    const auto elements = merge.elements();
    ALARM_CHECK(elements.size() == 2, "{}: expected two tokens, found {}", merge.where(),
                elements.size());
    return {elements[0].text(), elements[1].text()};
  }
  const std::string text = merge.text();
  const std::size_t space = text.find(' ');
  ALARM_CHECK(space != std::string::npos && text.find(' ', space + 1) == std::string::npos,
              "{}: expected two tokens with one space between, found \"{}\"", merge.where(), text);
  return {text.substr(0, space), text.substr(space + 1)};
}

// The continuing prefix of the right part is not repeated inside the merged token.
MergeTable read_merges(const JsonField& field, const Vocabulary& vocabulary,
                       const std::string& continuing_prefix) {
  const auto merges = field.at("merges").elements();
  MergeTable table(merges.size());
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto [left, right] = merge_parts(merges[rank]);
    const auto id = [&](const std::string& token) {
      const auto found = vocabulary.id_of(token);
      ALARM_CHECK(found, "{}: token \"{}\" is not in the vocabulary", merges[rank].where(), token);
      return static_cast<std::int32_t>(*found);
    };
    const std::size_t skipped = std::min(continuing_prefix.size(), right.size());
    table.add(id(left), id(right),
              {static_cast<std::int32_t>(rank), id(left + right.substr(skipped))});
  }
  return table;
}

std::int64_t optional_unknown(const JsonField& field, const Vocabulary& vocabulary) {
  if (!field.has("unk_token")) return kNone;
  return vocabulary.id_of(field.at("unk_token").text()).value_or(kNone);
}

// Words as bytes; the vocabulary has them in the byte alphabet.
class ByteBpe final : public WordModel {
 public:
  ByteBpe(const JsonField& field, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary),
        merges_(read_merges(field, vocabulary, "")),
        ignore_merges_(field.boolean_or("ignore_merges", false)) {
    const std::int64_t unknown = optional_unknown(field, vocabulary);
    for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
      const auto token = byte_to_alphabet(static_cast<std::uint8_t>(byte));
      byte_ids_[byte] = vocabulary.id_of(token).value_or(unknown);
    }
  }

  void tokenize(std::string_view word, std::vector<WordToken>& tokens) const override {
    if (ignore_merges_) {
      if (const auto id = vocabulary_.id_of(bytes_to_alphabet(word))) {
        tokens.push_back({*id, {0, static_cast<std::int64_t>(word.size())}});
        return;
      }
    }
    static thread_local MergingWord merging;
    merging.clear();
    for (const char byte : word) {
      // A byte that the vocabulary lacks is left out, and what follows it in the word moves up, as
      // in `tokenizers`.
      const std::int64_t id = byte_ids_[static_cast<unsigned char>(byte)];
      if (id != kNone) merging.append(id, 1);
    }
    merging.merge_all(merges_);
    merging.take(tokens);
  }

 private:
  const Vocabulary& vocabulary_;
  MergeTable merges_;
  std::array<std::int64_t, 256> byte_ids_{};
  bool ignore_merges_;
};

// Words as characters; one that the vocabulary lacks becomes its bytes or unknown.
class CharacterBpe final : public WordModel {
 public:
  CharacterBpe(const JsonField& field, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary),
        prefix_(field.text_or("continuing_subword_prefix", "")),
        suffix_(field.text_or("end_of_word_suffix", "")),
        merges_(read_merges(field, vocabulary, prefix_)),
        unknown_(optional_unknown(field, vocabulary)),
        fuse_unknown_(field.boolean_or("fuse_unk", false)),
        ignore_merges_(field.boolean_or("ignore_merges", false)) {
    const std::string unknown = field.text_or("unk_token", "");
    ALARM_CHECK(unknown.empty() || unknown_ != kNone,
                "{}: unk_token \"{}\" is not in the vocabulary", field.where(), unknown);
    byte_ids_.fill(kNone);
    if (field.boolean_or("byte_fallback", false)) {
      for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
        byte_ids_[byte] = vocabulary.id_of(fmt::format("<0x{:02X}>", byte)).value_or(kNone);
      }
    }
    for (std::size_t code = 0; code < ascii_ids_.size(); ++code) {
      const char byte = static_cast<char>(code);
      ascii_ids_[code] = vocabulary.id_of(std::string_view(&byte, 1)).value_or(kNone);
    }
  }

  void tokenize(std::string_view word, std::vector<WordToken>& tokens) const override {
    if (ignore_merges_) {
      if (const auto id = vocabulary_.id_of(word)) {
        tokens.push_back({*id, {0, static_cast<std::int64_t>(word.size())}});
        return;
      }
    }
    static thread_local MergingWord merging;
    merging.clear();
    add_characters(word, merging);
    merging.merge_all(merges_);
    merging.take(tokens);
  }

 private:
  void add_characters(std::string_view word, MergingWord& merging) const {
    std::int64_t unknown_bytes = 0;  // pending; bytes of a fallback overtake it, as in `tokenizers`
    const auto close_unknown = [&] {
      if (unknown_bytes > 0) merging.append(unknown_, unknown_bytes);
      unknown_bytes = 0;
    };
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t size = character_at(word, at).size;
      const auto character = word.substr(at, size);
      const auto id = id_of(character, at == 0, at + size == word.size());
      at += size;
      if (id != kNone) {
        close_unknown();
        merging.append(id, static_cast<std::int64_t>(size));
      } else if (!add_bytes(character, merging) && unknown_ != kNone) {
        if (!fuse_unknown_) close_unknown();
        unknown_bytes += static_cast<std::int64_t>(size);
      }
    }
    close_unknown();
  }

  std::int64_t id_of(std::string_view character, bool first, bool last) const {
    const bool with_prefix = !first && !prefix_.empty();
    const bool with_suffix = last && !suffix_.empty();
    if (!with_prefix && !with_suffix) {
      if (character.size() == 1) return ascii_ids_[static_cast<unsigned char>(character[0]) & 0x7F];
      return vocabulary_.id_of(character).value_or(kNone);
    }
    std::string token(with_prefix ? prefix_ : "");
    token += character;
    if (with_suffix) token += suffix_;
    return vocabulary_.id_of(token).value_or(kNone);
  }

  bool add_bytes(std::string_view character, MergingWord& merging) const {
    for (const char byte : character) {
      if (byte_ids_[static_cast<unsigned char>(byte)] == kNone) return false;
    }
    for (const char byte : character)
      merging.append(byte_ids_[static_cast<unsigned char>(byte)], 1);
    return true;
  }

  const Vocabulary& vocabulary_;
  std::string prefix_;
  std::string suffix_;
  MergeTable merges_;
  std::array<std::int64_t, 256> byte_ids_{};
  std::array<std::int64_t, 128> ascii_ids_{};
  std::int64_t unknown_;
  bool fuse_unknown_;
  bool ignore_merges_;
};

}  // namespace

WordModelPtr make_bpe(const JsonField& field, const Vocabulary& vocabulary, Symbols symbols) {
  if (field.has("dropout") && field.at("dropout").value() != 0) field.refuse("dropout");
  if (symbols == Symbols::kBytes) return std::make_unique<ByteBpe>(field, vocabulary);
  return std::make_unique<CharacterBpe>(field, vocabulary);
}

}  // namespace alarm_dist
