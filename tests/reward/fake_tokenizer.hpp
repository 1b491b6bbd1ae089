// SPDX-License-Identifier: Apache-2.0
// A tokenizer to work with by hand: a token is a word, its id the number written in it.
#pragma once

#include <charconv>
#include <string>
#include <vector>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist::testing {

// "w17" is token 17; a word without a number is 3. [CLS] is 1, [SEP] is 2; or <s> and </s> are.
class FakeTokenizer final : public Tokenizer {
 public:
  enum class Marks { kBert, kRoberta, kNone };
  // Texts that are encoded are added to `seen`, which is borrowed.
  explicit FakeTokenizer(Marks marks = Marks::kBert, std::vector<std::string>* seen = nullptr)
      : marks_(marks), seen_(seen) {}

  Encoding encode(std::string_view text, const EncodeOptions&) const override {
    if (seen_ != nullptr) seen_->emplace_back(text);
    Encoding encoding;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = text.find_first_not_of(' ', at);
      if (begin == std::string_view::npos) break;
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      std::int64_t id = 3;
      const std::size_t digits = std::min(text.find_first_of("0123456789", begin), end);
      std::from_chars(text.data() + digits, text.data() + end, id);
      encoding.ids.push_back(id);
      encoding.offsets.push_back(
          {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)});
      at = end;
    }
    return encoding;
  }
  DecodedText decode(std::span<const std::int64_t>) const override { return {}; }
  std::unique_ptr<DecodeStream> decode_stream() const override { return nullptr; }
  std::int64_t vocabulary_size() const override { return 1000; }
  std::int64_t id_limit() const override { return 1000; }
  std::optional<std::int64_t> id_of(std::string_view token) const override {
    const bool bert = marks_ == Marks::kBert;
    if (marks_ == Marks::kNone) return std::nullopt;
    if (token == (bert ? "[CLS]" : "<s>")) return 1;
    if (token == (bert ? "[SEP]" : "</s>")) return 2;
    return std::nullopt;
  }
  std::string token_of(std::int64_t id) const override { return std::to_string(id); }

 private:
  Marks marks_;
  std::vector<std::string>* seen_;
};

}  // namespace alarm_dist::testing
