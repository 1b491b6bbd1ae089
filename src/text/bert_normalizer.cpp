// SPDX-License-Identifier: Apache-2.0
// BERT's four steps in one pass: clean, space out ideographs, strip accents, lower case.
#include "text/normalizer.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

struct BertOptions {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};

// Works by character: none of BERT's steps looks at a neighbour. (Canonical reordering would, but
// it only moves marks, which are then removed.)
class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(const BertOptions& options) : options_(options) {}

  AlignedText apply(AlignedText text) const override {
    Rewrite out(text);
    const std::string& bytes = text.text();
    while (out.position() < bytes.size()) add_clean(out, character_at(bytes, out.position()));
    return out.finish();
  }

 private:
  // The character that stands at the rewrite's position.
  void add_clean(Rewrite& out, Character character) const {
    char32_t code = character.code;
    if (options_.clean_text) {
      if (code == 0 || code == 0xFFFD || is_bert_control(code)) return out.drop(character.size);
      if (is_white_space(code)) code = U' ';
    }
    // What has been written for this character; all of it has the character's place.
    std::size_t written = 0;
    const auto write = [&](char32_t part) {
      if (written++ == 0) {
        out.replace(part, character.size);
      } else {
        out.put(part, 1);
      }
    };
    const bool isolate = options_.handle_chinese_chars && is_cjk_ideograph(code);
    if (isolate) write(U' ');
    add_decomposed(code, write);
    if (isolate) write(U' ');
    if (written == 0) out.drop(character.size);
  }

  template <typename Write>
  void add_decomposed(char32_t code, Write write) const {
    if (code < 0x80 || !options_.strip_accents) return add_folded(code, write);
    for (const char32_t part : canonical_decomposition(code)) {
      if (!is_bert_nonspacing_mark(part)) add_folded(part, write);
    }
  }

  template <typename Write>
  void add_folded(char32_t code, Write write) const {
    if (!options_.lowercase) return write(code);
    if (code < 0x80) return write(code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code);
    for (const char32_t lower : lower_case(code)) write(lower);
  }

  BertOptions options_;
};

}  // namespace

std::unique_ptr<Normalizer> make_bert_normalizer(const JsonField& field) {
  BertOptions options;
  options.clean_text = field.boolean_or("clean_text", true);
  options.handle_chinese_chars = field.boolean_or("handle_chinese_chars", true);
  options.lowercase = field.boolean_or("lowercase", true);
  options.strip_accents = field.boolean_or("strip_accents", options.lowercase);
  return std::make_unique<BertNormalizer>(options);
}

}  // namespace alarm_dist
