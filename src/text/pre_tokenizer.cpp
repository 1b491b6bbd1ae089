// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.hpp"

#include "text/kinds.hpp"

namespace alarm_dist {
namespace {

class SplitterStep final : public PreTokenizer {
 public:
  explicit SplitterStep(Splitter splitter) : splitter_(std::move(splitter)) {}

  void apply(Words& words) const override {
    std::vector<Span> next;
    next.reserve(words.text.text().size() / 4 + words.pieces.size());
    for (const Span& piece : words.pieces) {
      for (const Span& part : splitter_(words.text.part(piece))) {
        next.push_back({piece.begin + part.begin, piece.begin + part.end});
      }
    }
    words.pieces = std::move(next);
  }

 private:
  Splitter splitter_;
};

using Factory = PreTokenizerPtr (*)(const JsonField&);
constexpr Factory kSequence = nullptr;

constexpr std::array<Kind<Factory>, 12> kKinds = {{
    {"BertPreTokenizer", make_bert_pre_tokenizer},
    {"ByteLevel", make_byte_level},
    {"CharDelimiterSplit", make_char_delimiter_split},
    {"Digits", make_digits},
    {"FixedLength", make_fixed_length},
    {"Metaspace", make_metaspace},
    {"Punctuation", make_punctuation},
    {"Sequence", kSequence},
    {"Split", make_split},
    {"UnicodeScripts", make_unicode_scripts},
    {"Whitespace", make_whitespace},
    {"WhitespaceSplit", make_whitespace_split},
}};

}  // namespace

PreTokenizerPtr make_splitter(Splitter splitter) {
  return std::make_unique<SplitterStep>(std::move(splitter));
}

PreTokenizerChain::PreTokenizerChain(const JsonField& field) { add(field); }

void PreTokenizerChain::add(const JsonField& field) {
  const Factory factory = find_kind(field, "pre-tokenizer", kKinds);
  if (factory == kSequence) {
    for (const auto& step : field.at("pretokenizers").elements()) add(step);
    return;
  }
  if (ends_byte_level_) expand_bytes();
  steps_.push_back(factory(field));
  ends_byte_level_ = factory == make_byte_level;
}

void PreTokenizerChain::expand_bytes() {
  if (ends_byte_level_) steps_.push_back(make_byte_alphabet());
  ends_byte_level_ = false;
}

Words PreTokenizerChain::split(AlignedText text) const {
  Words words{std::move(text), {}};
  const auto size = static_cast<std::int64_t>(words.text.text().size());
  if (size > 0) words.pieces.push_back({0, size});
  for (const auto& step : steps_) step->apply(words);
  return words;
}

}  // namespace alarm_dist
