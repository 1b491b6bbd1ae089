// SPDX-License-Identifier: Apache-2.0
// Each kind of tokenizer, as PyPI `tokenizers` and `sentencepiece` have it: ids, offsets and
// decoded text of hostile lines in full, and every kind of component with each of its options by
// digest.
#include <gtest/gtest.h>

#include "alarm/base/digest.hpp"

#include "text/kinds_golden.hpp"

namespace alarm_dist::testing {
namespace {

using nlohmann::json;

class TokenizerKind : public ::testing::TestWithParam<std::string> {};

std::vector<std::string> texts_for(const std::string& kind) {
  std::vector<std::string> texts = hostile_texts();
  if (kind.starts_with("sentencepiece")) {
    texts.insert(texts.end(), hostile_bytes().begin(), hostile_bytes().end());
  }
  return texts;
}

// Of each token the gap to the one before it, and its length.
std::vector<std::int64_t> placed(const std::vector<Span>& offsets) {
  std::vector<std::int64_t> out;
  std::int64_t end = 0;
  for (const Span& span : offsets) {
    out.insert(out.end(), {span.begin - end, span.end - span.begin});
    end = span.end;
  }
  return out;
}

TEST_P(TokenizerKind, EqualsTheOracleOnHostileText) {
  const auto tokenizer = kind_tokenizer(GetParam());
  const json golden = read_kind(GetParam() + "_golden.json");
  const auto texts = texts_for(GetParam());
  ASSERT_EQ(texts.size(), golden.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE("line " + std::to_string(i) + ": " + texts[i]);

    const Encoding encoding = tokenizer->encode(texts[i]);

    const std::string decoded = tokenizer->decode(encoding.ids).text;
    if (golden[i].is_string()) {
      EXPECT_EQ(digest(numbers_of(encoding, decoded)), golden[i]);
      continue;
    }
    EXPECT_EQ(json(encoding.ids), golden[i][0]);
    EXPECT_EQ(json(placed(encoding.offsets)), golden[i][1]);
    EXPECT_EQ(decoded, golden[i][2].is_null() ? texts[i] : golden[i][2].get<std::string>());
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, TokenizerKind, ::testing::ValuesIn(kind_names()),
                         [](const auto& kind) { return kind.param; });

// "model/vocab" to a pointer into the document.
json::json_pointer pointer_to(const std::string& path) { return json::json_pointer("/" + path); }

json component_document(const json& component, const std::string& character_map) {
  json document = read_kind(component["base"].get<std::string>() + ".json");
  for (const auto& [path, value] : component["patch"].items()) document[pointer_to(path)] = value;
  std::string text = document.dump();
  const std::string placeholder = "@charsmap";
  for (std::size_t at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at)) {
    text.replace(at, placeholder.size(), character_map);
  }
  return json::parse(text);
}

EncodeOptions component_options(const json& component) {
  return {.special_tokens = component.value("special", false),
          .max_tokens = component.value("max", 0),
          .cut = component.value("cut", "right") == "left" ? Side::kLeft : Side::kRight};
}

void expect_equal_to_golden(const json& component, const std::string& character_map) {
  const auto tokenizer =
      parse_tokenizer(component_document(component, character_map).dump(), "component");
  const auto options = component_options(component);
  const auto lines = component["lines"].get<std::string>();
  const std::size_t digits = lines.size() / hostile_texts().size();
  std::string all;
  for (std::size_t i = 0; i < hostile_texts().size(); ++i) {
    const Encoding encoding = tokenizer->encode(hostile_texts()[i], options);
    const auto numbers = numbers_of(encoding, tokenizer->decode(encoding.ids).text);
    all += numbers;
    EXPECT_EQ(digest(numbers).substr(0, digits), lines.substr(i * digits, digits))
        << "line " << i << ": " << hostile_texts()[i] << "\n"
        << json(encoding.ids) << json(flat(encoding.offsets));
  }
  EXPECT_EQ(digest(all), component["digest"]);
}

class TokenizerComponents : public ::testing::TestWithParam<std::string> {};

TEST_P(TokenizerComponents, EqualTheOracleOnHostileText) {
  const auto character_map = read_kind("sentencepiece_bpe_parts.json")["charsmap"];
  int found = 0;
  for (const json& component : read_kind("components.json")) {
    if (component["base"] != GetParam()) continue;
    SCOPED_TRACE(component["name"].get<std::string>());
    ++found;

    expect_equal_to_golden(component, character_map);
  }
  EXPECT_GT(found, 0);
}

INSTANTIATE_TEST_SUITE_P(Bases, TokenizerComponents,
                         ::testing::Values("byte_bpe", "fallback_bpe", "suffix_bpe", "unigram",
                                           "wordpiece"),
                         [](const auto& kind) { return kind.param; });

}  // namespace
}  // namespace alarm_dist::testing
