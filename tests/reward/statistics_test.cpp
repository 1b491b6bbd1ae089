// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/statistics.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

TEST(MeasureStatistics, TakesTheMeanAndTheUnbiasedDeviation) {
  const std::vector<double> values = {1, 2, 4, 9};  // mean 4, squares 9 + 4 + 0 + 25 = 38

  const Statistics statistics = measure_statistics("holistic", values);

  EXPECT_NEAR(statistics.mean, 4, 1e-12);
  EXPECT_NEAR(statistics.deviation, 3.5590260840104371, 1e-9);  // sqrt(38 / 3)
  EXPECT_NEAR(normalize(9, statistics), 1.4048787173725411, 1e-9);
}

TEST(MeasureStatistics, NamesTheComponentThatCannotBeNormalised) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> degenerate[] = {{}, {1}, {2, 2, 2}, {0.1, 0.1, 0.1}, {1, inf}};
  for (const auto& values : degenerate) {
    try {
      measure_statistics("relevance", values);
      ADD_FAILURE() << values.size() << " values were accepted";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("'relevance'"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace alarm_dist
