// SPDX-License-Identifier: Apache-2.0
// About 10 MB of European parliament, news, novels and annotated translations: ids and offsets
// equal to the oracles', by digest of each file. Needs the data folder (ALARM_DATA).
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "alarm/base/digest.hpp"

#include "support/temp_dir.hpp"
#include "text/kinds_golden.hpp"

namespace alarm_dist::testing {
namespace {

using nlohmann::json;

std::filesystem::path data_dir() {
  const char* given = std::getenv("ALARM_DATA");
  return given != nullptr ? std::filesystem::path(given) : source_dir() / "../shared/data";
}

// Of numbers as they come, with the count of each text before them.
class NumberStream {
 public:
  void add(const std::vector<std::int64_t>& numbers, std::size_t count) {
    numbers_.push_back(static_cast<std::int64_t>(count));
    numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
  }
  std::string digest() const { return alarm_dist::digest(std::as_bytes(std::span(numbers_))); }

 private:
  std::vector<std::int64_t> numbers_;
};

void expect_equal_to_golden(const Tokenizer& tokenizer, const std::string& file,
                            const json& golden) {
  NumberStream ids;
  NumberStream offsets;
  std::int64_t tokens = 0;
  const std::string text = read_file(data_dir() / file);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const Encoding encoding = tokenizer.encode(std::string_view(text).substr(begin, end - begin));
    ids.add(encoding.ids, encoding.ids.size());
    offsets.add(flat(encoding.offsets), encoding.ids.size());
    tokens += static_cast<std::int64_t>(encoding.ids.size());
    begin = end + 1;
  }
  EXPECT_EQ(tokens, golden[0]);
  EXPECT_EQ(ids.digest(), golden[1]);
  EXPECT_EQ(offsets.digest(), golden[2]);
}

class TokenizerData : public ::testing::TestWithParam<std::string> {};

TEST_P(TokenizerData, EqualsTheOracleOnTenMegabytes) {
  const json files = read_kind("data_digests.json")[GetParam()];
  const auto tokenizer = kind_tokenizer(GetParam());
  for (const auto& [file, golden] : files.items()) {
    if (!std::filesystem::exists(data_dir() / file)) {
      GTEST_SKIP() << (data_dir() / file).string() << " is absent; set ALARM_DATA";
    }
    SCOPED_TRACE(file);
    expect_equal_to_golden(*tokenizer, file, golden);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, TokenizerData, ::testing::ValuesIn(kind_names()),
                         [](const auto& kind) { return kind.param; });

}  // namespace
}  // namespace alarm_dist::testing
