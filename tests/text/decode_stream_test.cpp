// SPDX-License-Identifier: Apache-2.0
// Streaming: whatever the tokens, every push is whole characters, and all of them are the text.
#include <numeric>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"
#include "alarm/base/text.hpp"

#include "text/kinds_golden.hpp"

namespace alarm_dist::testing {
namespace {

using Ids = std::vector<std::int64_t>;

// The pieces of a stream of these tokens, the last one from finish().
std::vector<std::string> stream(const Tokenizer& tokenizer, std::span<const std::int64_t> ids) {
  const auto decoding = tokenizer.decode_stream();
  std::vector<std::string> pieces;
  for (const std::int64_t id : ids) pieces.push_back(decoding->push(id));
  pieces.push_back(decoding->finish());
  return pieces;
}

void expect_streams(const Tokenizer& tokenizer, std::span<const std::int64_t> ids) {
  const auto pieces = stream(tokenizer, ids);
  for (const std::string& piece : pieces) ASSERT_FALSE(find_invalid_utf8(piece)) << piece;
  ASSERT_EQ(std::accumulate(pieces.begin(), pieces.end(), std::string()),
            tokenizer.decode(ids).text);
}

class DecodeStreamOf : public ::testing::TestWithParam<std::string> {};

TEST_P(DecodeStreamOf, EverySplitOfHostileTextGivesWholeCharacters) {
  const auto tokenizer = kind_tokenizer(GetParam());
  for (const std::string& text : hostile_texts()) {
    const Ids ids = tokenizer->encode(text).ids;
    for (std::size_t cut = 0; cut <= std::min<std::size_t>(ids.size(), 60); ++cut) {
      expect_streams(*tokenizer, std::span(ids).first(cut));
      expect_streams(*tokenizer, std::span(ids).subspan(cut));
    }
  }
}

// Bytes, controls and unknown tokens in any order, as an untrained model writes them.
TEST_P(DecodeStreamOf, AnyTokensGiveWholeCharacters) {
  const auto tokenizer = kind_tokenizer(GetParam());
  Ids ids;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    ids.push_back(static_cast<std::int64_t>(draw_below({.seed = 7, .token = i}, 300)));
    if (ids.size() == 30) {
      expect_streams(*tokenizer, ids);
      ids.clear();
    }
  }
}

TEST_P(DecodeStreamOf, OffsetsCoverTheText) {
  const auto tokenizer = kind_tokenizer(GetParam());
  for (const std::string& text : hostile_texts()) {
    const Ids ids = tokenizer->encode(text).ids;

    const DecodedText decoded = tokenizer->decode(ids);

    ASSERT_EQ(decoded.offsets.size(), ids.size());
    std::int64_t covered = 0;
    for (const Span& span : decoded.offsets) {
      EXPECT_EQ(span.begin, covered);
      covered = span.end;
    }
    EXPECT_EQ(covered, static_cast<std::int64_t>(decoded.text.size()));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DecodeStreamOf, ::testing::ValuesIn(kind_names()),
                         [](const auto& kind) { return kind.param; });

TEST(DecodeStream, ACharacterComesWithTheTokenThatCompletesIt) {
  const auto tokenizer = kind_tokenizer("byte_bpe");
  const Ids ids = tokenizer->encode("𐍈").ids;
  ASSERT_GT(ids.size(), 1U);

  const auto pieces = stream(*tokenizer, ids);

  for (std::size_t i = 0; i + 1 < ids.size(); ++i) EXPECT_EQ(pieces[i], "");
  EXPECT_EQ(pieces[ids.size() - 1], "𐍈");
  EXPECT_EQ(pieces.back(), "");
}

TEST(DecodeStream, AnIdWithoutATokenIsLeftOutAsTokenizersDoes) {
  EXPECT_EQ(kind_tokenizer("byte_bpe")->decode_stream()->push(1 << 20), "");
}

}  // namespace
}  // namespace alarm_dist::testing
