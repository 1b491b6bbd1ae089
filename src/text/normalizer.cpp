// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.hpp"

#include "text/kinds.hpp"

namespace alarm_dist {
namespace {

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(const JsonField& field) {
    for (const auto& step : field.at("normalizers").elements())
      steps_.push_back(make_normalizer(step));
  }

  AlignedText apply(AlignedText text) const override {
    for (const auto& step : steps_) text = step->apply(std::move(text));
    return text;
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

std::unique_ptr<Normalizer> make_sequence(const JsonField& field) {
  return std::make_unique<NormalizerSequence>(field);
}

using Factory = std::unique_ptr<Normalizer> (*)(const JsonField&);

constexpr std::array<Kind<Factory>, 14> kKinds = {{
    {"BertNormalizer", make_bert_normalizer},
    {"ByteLevel", make_byte_level_normalizer},
    {"Lowercase", make_lowercase},
    {"NFC", make_nfc},
    {"NFD", make_nfd},
    {"NFKC", make_nfkc},
    {"NFKD", make_nfkd},
    {"Nmt", make_nmt},
    {"Precompiled", make_precompiled},
    {"Prepend", make_prepend},
    {"Replace", make_replace_normalizer},
    {"Sequence", make_sequence},
    {"Strip", make_strip_normalizer},
    {"StripAccents", make_strip_accents},
}};

}  // namespace

std::unique_ptr<Normalizer> make_normalizer(const JsonField& field) {
  return find_kind(field, "normalizer", kKinds)(field);
}

}  // namespace alarm_dist
