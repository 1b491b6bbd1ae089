// SPDX-License-Identifier: Apache-2.0
// Every sentence, title and summary of ACLSum, equal to PyPI `tokenizers`: a digest for each
// thousand texts.
#include <fstream>
#include <functional>

#include <gtest/gtest.h>

#include "alarm/base/digest.hpp"

#include "text/golden.hpp"

namespace alarm_dist::testing {
namespace {

using nlohmann::json;

std::vector<std::string> aclsum_texts(const std::string& name) {
  std::vector<std::string> texts;
  std::ifstream file(site_dir() / "aclsum/dataset" / (name + ".jsonl"));
  for (std::string line; std::getline(file, line);) {
    const json paper = json::parse(line);
    texts.push_back(paper["title"]);
    for (const char* section : {"abstract", "introduction", "conclusion"}) {
      for (const auto& sentence : paper["sentences"][section]) texts.push_back(sentence);
    }
    for (const char* aspect : {"challenge", "approach", "outcome"})
      texts.push_back(paper["summary"][aspect]);
  }
  return texts;
}

std::string stream_digest(const std::vector<std::int64_t>& numbers) {
  return digest(std::as_bytes(std::span(numbers)));
}

void expect_equal_to_golden(const Tokenizer& tokenizer, const std::string& kind,
                            const std::string& name) {
  const json golden = read_golden("aclsum_digests")[kind][name];
  const auto texts = aclsum_texts(name);
  ASSERT_EQ(texts.size(), golden["texts"].get<std::size_t>());
  std::int64_t tokens = 0;
  for (std::size_t block = 0; block < golden["blocks"].size(); ++block) {
    const std::size_t begin = block * 1000;
    const std::size_t end = std::min(begin + 1000, texts.size());
    std::vector<std::int64_t> ids;
    std::vector<std::int64_t> offsets;
    for (std::size_t i = begin; i < end; ++i) {
      const Encoding encoding = tokenizer.encode(texts[i]);
      tokens += static_cast<std::int64_t>(encoding.ids.size());
      ids.push_back(static_cast<std::int64_t>(encoding.ids.size()));
      ids.insert(ids.end(), encoding.ids.begin(), encoding.ids.end());
      offsets.push_back(static_cast<std::int64_t>(encoding.offsets.size()));
      for (const Span& span : encoding.offsets)
        offsets.insert(offsets.end(), {span.begin, span.end});
    }
    const auto& expected = golden["blocks"][block];
    EXPECT_EQ(stream_digest(ids), expected[0].get<std::string>())
        << "ids of texts " << begin << " to " << end;
    EXPECT_EQ(stream_digest(offsets), expected[1].get<std::string>())
        << "offsets of texts " << begin << " to " << end;
  }
  EXPECT_EQ(tokens, golden["tokens"].get<std::int64_t>());
}

TEST(TokenizerAclSum, SmolLmEqualsTokenizersOnTrain) {
  expect_equal_to_golden(smollm_tokenizer(), "smollm", "train");
}
TEST(TokenizerAclSum, SmolLmEqualsTokenizersOnVal) {
  expect_equal_to_golden(smollm_tokenizer(), "smollm", "val");
}
TEST(TokenizerAclSum, SmolLmEqualsTokenizersOnTest) {
  expect_equal_to_golden(smollm_tokenizer(), "smollm", "test");
}
TEST(TokenizerAclSum, MiniLmEqualsTokenizersOnTrain) {
  expect_equal_to_golden(minilm_tokenizer(), "minilm", "train");
}
TEST(TokenizerAclSum, MiniLmEqualsTokenizersOnVal) {
  expect_equal_to_golden(minilm_tokenizer(), "minilm", "val");
}
TEST(TokenizerAclSum, MiniLmEqualsTokenizersOnTest) {
  expect_equal_to_golden(minilm_tokenizer(), "minilm", "test");
}

}  // namespace
}  // namespace alarm_dist::testing
