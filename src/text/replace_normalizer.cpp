// SPDX-License-Identifier: Apache-2.0
// Replace: the matches of a pattern become another text, which has the place of the match's last
// character.
#include "text/normalizer.hpp"
#include "text/pattern.hpp"

namespace alarm_dist {
namespace {

class ReplaceNormalizer final : public Normalizer {
 public:
  explicit ReplaceNormalizer(const JsonField& field)
      : matcher_(make_matcher(field.at("pattern"))), content_(field.at("content").text()) {}

  AlignedText apply(AlignedText text) const override {
    if (text.text().empty()) return text;
    const std::vector<Span> matches = matcher_(text.text());
    if (matches.empty()) return text;
    Rewrite out(text);
    for (const Span& match : matches) {
      out.keep(static_cast<std::size_t>(match.begin) - out.position());
      out.drop(static_cast<std::size_t>(match.end - match.begin));
      out.insert(content_);
    }
    out.keep(text.text().size() - out.position());
    return out.finish();
  }

 private:
  Matcher matcher_;
  std::string content_;
};

}  // namespace

std::unique_ptr<Normalizer> make_replace_normalizer(const JsonField& field) {
  return std::make_unique<ReplaceNormalizer>(field);
}

}  // namespace alarm_dist
