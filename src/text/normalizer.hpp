// SPDX-License-Identifier: Apache-2.0
// What a tokenizer does to text before it splits it: lower case, accents, Unicode normal forms.
//
// One factory for each kind; make_normalizer has the table of them.
#pragma once

#include <memory>

#include "text/aligned_text.hpp"
#include "text/json_field.hpp"

namespace alarm_dist {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // Empty text stays empty.
  virtual AlignedText apply(AlignedText text) const = 0;
};

// From the "normalizer" of a tokenizer.json, of any kind.
std::unique_ptr<Normalizer> make_normalizer(const JsonField& field);

std::unique_ptr<Normalizer> make_bert_normalizer(const JsonField& field);
std::unique_ptr<Normalizer> make_nfc(const JsonField& field);
std::unique_ptr<Normalizer> make_nfd(const JsonField& field);
std::unique_ptr<Normalizer> make_nfkc(const JsonField& field);
std::unique_ptr<Normalizer> make_nfkd(const JsonField& field);
std::unique_ptr<Normalizer> make_lowercase(const JsonField& field);
std::unique_ptr<Normalizer> make_strip_accents(const JsonField& field);
std::unique_ptr<Normalizer> make_strip_normalizer(const JsonField& field);
std::unique_ptr<Normalizer> make_prepend(const JsonField& field);
std::unique_ptr<Normalizer> make_replace_normalizer(const JsonField& field);
std::unique_ptr<Normalizer> make_nmt(const JsonField& field);
std::unique_ptr<Normalizer> make_byte_level_normalizer(const JsonField& field);
std::unique_ptr<Normalizer> make_precompiled(const JsonField& field);

}  // namespace alarm_dist
