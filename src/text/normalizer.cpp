// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.hpp"

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

// Calls handle(character, its original range) for each character.
template <typename Handle>
void for_each_character(const AlignedText& text, Handle handle) {
  const std::string& bytes = text.text();
  for (std::size_t at = 0; at < bytes.size();) {
    const Character character = character_at(bytes, at);
    const auto begin = static_cast<std::int64_t>(at);
    at += character.size;
    handle(character.code, text.original({begin, static_cast<std::int64_t>(at)}));
  }
}

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

  AlignedText apply(const AlignedText& text) const override {
    AlignedText out;
    for_each_character(text, [&](char32_t code, Span origin) { add_clean(out, code, origin); });
    return out;
  }

 private:
  void add_clean(AlignedText& out, char32_t code, Span origin) const {
    if (options_.clean_text) {
      if (code == 0 || code == 0xFFFD || is_bert_control(code)) return;
      if (is_white_space(code)) code = U' ';
    }
    const bool isolate = options_.handle_chinese_chars && is_cjk_ideograph(code);
    if (isolate) out.append(U' ', origin);
    if (code < 0x80) {
      add_folded(out, code, origin);
    } else {
      add_decomposed(out, code, origin);
    }
    if (isolate) out.append(U' ', origin);
  }

  void add_decomposed(AlignedText& out, char32_t code, Span origin) const {
    if (!options_.strip_accents) return add_folded(out, code, origin);
    for (const char32_t part : canonical_decomposition(code)) {
      if (!is_bert_nonspacing_mark(part)) add_folded(out, part, origin);
    }
  }

  void add_folded(AlignedText& out, char32_t code, Span origin) const {
    if (!options_.lowercase) return out.append(code, origin);
    if (code < 0x80)
      return out.append(code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code, origin);
    for (const char32_t lower : lower_case(code)) out.append(lower, origin);
  }

  BertOptions options_;
};

class LowercaseNormalizer final : public Normalizer {
 public:
  AlignedText apply(const AlignedText& text) const override {
    AlignedText out;
    for_each_character(text, [&](char32_t code, Span origin) {
      for (const char32_t lower : lower_case(code)) out.append(lower, origin);
    });
    return out;
  }
};

// Characters that compose get the range of all that they were composed of.
class NfcNormalizer final : public Normalizer {
 public:
  AlignedText apply(const AlignedText& text) const override {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
    icu::Edits edits;
    std::string composed;
    icu::StringByteSink<std::string> sink(&composed);
    if (U_SUCCESS(status)) nfc->normalizeUTF8(0, text.text(), sink, &edits, status);
    ALARM_CHECK(U_SUCCESS(status), "normalising to NFC failed: {}", u_errorName(status));
    return edits.hasChanges() ? realign(text, composed, edits) : text;
  }

 private:
  static AlignedText realign(const AlignedText& text, const std::string& composed,
                             const icu::Edits& edits) {
    AlignedText out;
    UErrorCode status = U_ZERO_ERROR;
    auto edit = edits.getFineIterator();
    while (edit.next(status)) {
      const std::int64_t source = edit.sourceIndex();
      const std::int64_t end = edit.destinationIndex() + edit.newLength();
      for (std::int64_t at = edit.destinationIndex(); at < end;) {
        const Character character = character_at(composed, static_cast<std::size_t>(at));
        const auto size = static_cast<std::int64_t>(character.size);
        const std::int64_t from = source + (at - edit.destinationIndex());
        out.append(character.code, edit.hasChange()
                                       ? text.original({source, source + edit.oldLength()})
                                       : text.original({from, from + size}));
        at += size;
      }
    }
    return out;
  }
};

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps)
      : steps_(std::move(steps)) {}

  AlignedText apply(const AlignedText& text) const override {
    AlignedText out = text;
    for (const auto& step : steps_) out = step->apply(out);
    return out;
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

}  // namespace

std::unique_ptr<Normalizer> make_normalizer(const JsonField& field) {
  const std::string type = field.type();
  if (type == "BertNormalizer") {
    BertOptions options;
    options.clean_text = field.boolean_or("clean_text", true);
    options.handle_chinese_chars = field.boolean_or("handle_chinese_chars", true);
    options.lowercase = field.boolean_or("lowercase", true);
    options.strip_accents = field.boolean_or("strip_accents", options.lowercase);
    return std::make_unique<BertNormalizer>(options);
  }
  if (type == "Lowercase") return std::make_unique<LowercaseNormalizer>();
  if (type == "NFC") return std::make_unique<NfcNormalizer>();
  if (type != "Sequence") field.refuse("normalizer \"" + type + "\"");
  std::vector<std::unique_ptr<Normalizer>> steps;
  for (const auto& step : field.at("normalizers").elements())
    steps.push_back(make_normalizer(step));
  return std::make_unique<NormalizerSequence>(std::move(steps));
}

}  // namespace alarm_dist
