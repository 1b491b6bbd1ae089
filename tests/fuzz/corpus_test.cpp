// SPDX-License-Identifier: Apache-2.0
// What the fuzzers found once must not come back: every file of tests/fuzz/corpus/TARGET is given
// to its target. It is enough that nothing but Error is thrown, soon.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>

#include "fuzz/targets.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist::fuzz {
namespace {

std::vector<std::filesystem::path> cases_of(const Target& target) {
  std::vector<std::filesystem::path> cases;
  const auto folder = testing::source_dir() / "tests/fuzz/corpus" / target.name;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

class FuzzCorpus : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, IsReadOrRefusedSoon) {
  const auto cases = cases_of(GetParam());
  EXPECT_FALSE(cases.empty());
  for (const auto& file : cases) {
    SCOPED_TRACE(file.filename());
    const auto start = std::chrono::steady_clock::now();

    EXPECT_NO_THROW(GetParam().run(testing::read_file(file)));

    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  }
}

// A few bytes of each, cut short at every place.
TEST_P(FuzzCorpus, IsReadOrRefusedWhenCutShort) {
  constexpr std::size_t kCuts = 40;
  for (const auto& file : cases_of(GetParam())) {
    const std::string text = testing::read_file(file);
    for (std::size_t i = 0; i < kCuts; ++i) {
      const std::size_t size = text.size() * i / kCuts;
      EXPECT_NO_THROW(GetParam().run(std::string_view(text).substr(0, size)))
          << file.filename() << " cut to " << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus,
                         ::testing::ValuesIn(targets().begin(), targets().end()),
                         [](const ::testing::TestParamInfo<Target>& target) {
                           return target.param.name;
                         });

}  // namespace
}  // namespace alarm_dist::fuzz
