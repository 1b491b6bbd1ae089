// SPDX-License-Identifier: Apache-2.0
// NFC, NFD, NFKC and NFKD, with the place that each resulting character came from.
//
// ICU knows the decompositions, classes and pairs; the two passes over them are here, because the
// places that `tokenizers` gives follow from the order in which it composes and from its sorting
// the changes along with the marks.
#include <algorithm>

#include <unicode/normalizer2.h>

#include "text/normalizer.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

enum class Composition { kDecomposed, kComposed };
enum class Equivalence { kCanonical, kCompatibility };

struct Change {
  char32_t code;
  int change;  // as Rewrite::put takes it
  std::uint8_t combining_class;
};

const icu::Normalizer2& icu_form(Equivalence equivalence) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* form = equivalence == Equivalence::kCanonical
                                     ? icu::Normalizer2::getNFCInstance(status)
                                     : icu::Normalizer2::getNFKCInstance(status);
  ALARM_CHECK(U_SUCCESS(status), "ICU has no normalisation data: {}", u_errorName(status));
  return *form;
}

// The tables of `tokenizers` are those of Unicode 9: what came later is a starter without parts.
constexpr std::uint8_t kTablesUnicode = 9;

std::uint8_t combining_class(const icu::Normalizer2& form, char32_t code) {
  if (code < 0x300) return 0;
  const std::uint8_t found = form.getCombiningClass(static_cast<UChar32>(code));
  return found != 0 && is_of_version(code, kTablesUnicode) ? found : 0;
}

bool decomposes(const icu::Normalizer2& form, char32_t code, icu::UnicodeString& parts) {
  return code >= 0xA0 && form.getDecomposition(static_cast<UChar32>(code), parts) &&
         is_of_version(code, kTablesUnicode);
}

// Every character decomposed, the marks in canonical order.
std::vector<Change> decompose(const icu::Normalizer2& form, std::string_view text) {
  std::vector<Change> changes;
  changes.reserve(text.size());
  std::size_t sorted = 0;  // marks from here on are not in order yet
  const auto sort_marks = [&] {
    std::stable_sort(
        changes.begin() + static_cast<std::ptrdiff_t>(sorted), changes.end(),
        [](const Change& a, const Change& b) { return a.combining_class < b.combining_class; });
  };
  const auto add = [&](char32_t code, int change) {
    const std::uint8_t own_class = combining_class(form, code);
    if (own_class == 0) {
      if (changes.size() - sorted > 1) sort_marks();
      sorted = changes.size() + 1;
    }
    changes.push_back({code, change, own_class});
  };
  icu::UnicodeString parts;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    at += character.size;
    if (!decomposes(form, character.code, parts)) {
      add(character.code, 0);
      continue;
    }
    for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
      add(static_cast<char32_t>(parts.char32At(i)), i == 0 ? 0 : 1);
    }
  }
  if (changes.size() > sorted) sort_marks();
  return changes;
}

// A starter and the marks behind it that did not compose with it.
class Composer {
 public:
  Composer(const icu::Normalizer2& form, std::vector<Change>& out) : form_(form), out_(out) {}

  void add(const Change& next) {
    if (starter_ == kNone) {
      if (next.combining_class == 0) starter_ = out_.size();
      out_.push_back(next);
      return;
    }
    const bool behind_marks = out_.size() > starter_ + 1;
    const bool blocked = behind_marks && out_.back().combining_class >= next.combining_class;
    if (!blocked && compose(next)) return;
    if (next.combining_class == 0) starter_ = out_.size();
    out_.push_back(next);
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  bool compose(const Change& next) {
    Change& starter = out_[starter_];
    const UChar32 pair =
        form_.composePair(static_cast<UChar32>(starter.code), static_cast<UChar32>(next.code));
    if (pair < 0 || !is_of_version(static_cast<char32_t>(pair), kTablesUnicode)) return false;
    // A part of the same character takes its "one more" back; another one is swallowed.
    starter.code = static_cast<char32_t>(pair);
    starter.change += next.change - 1;
    return true;
  }

  const icu::Normalizer2& form_;
  std::vector<Change>& out_;
  std::size_t starter_ = kNone;
};

class UnicodeForm final : public Normalizer {
 public:
  UnicodeForm(Equivalence equivalence, Composition composition)
      : form_(icu_form(equivalence)), composition_(composition) {}

  AlignedText apply(AlignedText text) const override {
    if (is_ascii(text.text())) return text;
    std::vector<Change> changes = decompose(form_, text.text());
    if (composition_ == Composition::kComposed) {
      std::vector<Change> composed;
      composed.reserve(changes.size());
      Composer composer(form_, composed);
      for (const Change& change : changes) composer.add(change);
      changes = std::move(composed);
    }
    Rewrite out(text);
    for (const Change& change : changes) out.put(change.code, change.change);
    return out.finish();
  }

 private:
  const icu::Normalizer2& form_;
  Composition composition_;
};

std::unique_ptr<Normalizer> make(Equivalence equivalence, Composition composition) {
  return std::make_unique<UnicodeForm>(equivalence, composition);
}

}  // namespace

std::unique_ptr<Normalizer> make_nfc(const JsonField&) {
  return make(Equivalence::kCanonical, Composition::kComposed);
}
std::unique_ptr<Normalizer> make_nfd(const JsonField&) {
  return make(Equivalence::kCanonical, Composition::kDecomposed);
}
std::unique_ptr<Normalizer> make_nfkc(const JsonField&) {
  return make(Equivalence::kCompatibility, Composition::kComposed);
}
std::unique_ptr<Normalizer> make_nfkd(const JsonField&) {
  return make(Equivalence::kCompatibility, Composition::kDecomposed);
}

}  // namespace alarm_dist
