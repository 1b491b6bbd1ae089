// SPDX-License-Identifier: Apache-2.0
// A made-up run directory with all files of a real one, for tests of the report and for looking at
// its page.
#pragma once

#include <filesystem>

namespace alarm_dist::testing {

struct DemoOptions {
  int steps = 60;
  int prompts = 64;  // of the evaluation
  bool has_hostile_text = false;
};
void write_demo_run(const std::filesystem::path& run_dir, const DemoOptions& options = {});

}  // namespace alarm_dist::testing
