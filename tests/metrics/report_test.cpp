// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/report.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "metrics/demo_run.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// ALARM_DEMO_DIR=/tmp/demo metrics_test keeps the page, to look at it in a browser.
TEST(Report, HoldsEverySectionOfARun) {
  const testing::TempDir temporary;
  const char* kept = std::getenv("ALARM_DEMO_DIR");
  const std::filesystem::path dir = kept != nullptr ? kept : temporary / "demo";
  testing::write_demo_run(dir);

  const auto path = write_report(dir);

  const std::string page = testing::read_file(path);
  for (const char* id : {"evaluation", "rewards", "samples", "length", "drift", "optimisation",
                         "time", "judges", "facts"}) {
    EXPECT_THAT(page, HasSubstr("<section id=\"" + std::string(id) + "\">"));
  }
  EXPECT_THAT(page, HasSubstr("<h1>aclsum-hierarchical</h1>"));
  EXPECT_THAT(page, HasSubstr("The objective was reached"));
  EXPECT_THAT(page, HasSubstr("The aspect in use did not fall significantly."));
  EXPECT_THAT(page, HasSubstr("Through the gate"));
  EXPECT_THAT(page, HasSubstr("<b>smollm2-135m-instruct</b> trained on <b>aclsum</b>"));
  EXPECT_THAT(page, Not(HasSubstr("class=\"missing\"")));
}

TEST(Report, LoadsNothingFromElsewhere) {
  const testing::TempDir dir;
  testing::write_demo_run(dir.path());

  const std::string page = make_report(dir.path());

  for (const char* outside : {"http:", "https:", "src=", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  EXPECT_LT(page.size(), 1'500'000U);
}

TEST(Report, EscapesHostileText) {
  const testing::TempDir dir;
  testing::write_demo_run(dir.path(), {.steps = 3, .prompts = 12, .has_hostile_text = true});

  const std::string page = make_report(dir.path());

  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("</pre><script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)"));
}

TEST(Report, OfAnEmptyFolderSaysWhatWouldBeThere) {
  const testing::TempDir dir;

  const std::string page = make_report(dir.path());

  EXPECT_THAT(page, HasSubstr("Not evaluated yet"));
  for (const char* file : {"evaluation.json", "metrics.jsonl", "samples.jsonl",
                           "reward_models.json", "provenance.json", "config.yaml"}) {
    EXPECT_THAT(page, HasSubstr(std::string("No ") + file));
  }
}

TEST(Report, OfASingleStepIsDrawn) {
  const testing::TempDir dir;
  testing::write_demo_run(dir.path(), {.steps = 1, .prompts = 1});

  const std::string page = make_report(dir.path());

  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("inf,")));
}

TEST(Report, OfWhatIsNoFolderIsAnError) { EXPECT_THROW(make_report("/no/such/run"), Error); }

}  // namespace
}  // namespace alarm_dist
