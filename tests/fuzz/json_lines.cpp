// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/text/dataset.hpp"

#include "fuzz/input_file.hpp"
#include "fuzz/targets.hpp"

namespace alarm_dist::fuzz {

// The same bytes as both kinds of data set.
void json_lines(std::string_view input) {
  static const bool kQuiet = (log::init(0, log::Level::kOff), true);
  (void)kQuiet;
  const InputFile file(input);
  try {
    load_prompts(file.path(), OnDataError::kSkip);
  } catch (const Error&) {
  }
  try {
    load_aclsum({.file = file.path(),
                 .sections = {"abstract", "introduction", "conclusion"},
                 .max_words = 50,
                 .on_error = OnDataError::kSkip});
  } catch (const Error&) {
  }
}

}  // namespace alarm_dist::fuzz
