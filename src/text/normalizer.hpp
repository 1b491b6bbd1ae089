// SPDX-License-Identifier: Apache-2.0
// What a tokenizer does to text before it splits it: lower case, accents, Unicode normal forms.
#pragma once

#include <memory>

#include "text/aligned_text.hpp"
#include "text/json_field.hpp"

namespace alarm_dist {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual AlignedText apply(const AlignedText& text) const = 0;
};

// From the "normalizer" of a tokenizer.json: BertNormalizer, Lowercase, NFC or a Sequence of them.
std::unique_ptr<Normalizer> make_normalizer(const JsonField& field);

}  // namespace alarm_dist
