// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/tokenizer.hpp"

#include <numeric>

#include "alarm/base/error.hpp"

#include "fuzz/targets.hpp"

namespace alarm_dist::fuzz {

// A tokenizer.json that can be read must encode and decode, or refuse to.
void tokenizer(std::string_view input) try {
  const auto tokenizer = parse_tokenizer(input, "tokenizer.json");
  for (const char* text : {"", "Hello, world! 123", "naïve 日本 😀 e\u0301\n\t  x", "<s>a</s>"}) {
    try {
      const Encoding encoding = tokenizer->encode(text, {.special_tokens = true, .max_tokens = 64});
      tokenizer->decode(encoding.ids);
    } catch (const Error&) {
    }
  }
  std::vector<std::int64_t> ids(
      static_cast<std::size_t>(std::min<std::int64_t>(tokenizer->vocabulary_size(), 64)));
  std::iota(ids.begin(), ids.end(), 0);
  tokenizer->decode(ids);
} catch (const Error&) {
}

}  // namespace alarm_dist::fuzz
