// SPDX-License-Identifier: Apache-2.0
#include "alarm/config/yaml.hpp"

#include "alarm/base/error.hpp"

#include "config/example.hpp"
#include "fuzz/targets.hpp"

namespace alarm_dist::fuzz {

// As a source, as an override, and, where it could be read, written and read again.
void yaml(std::string_view input) {
  const std::string text(input);
  try {
    testing::Example example;
    const auto describe_it = [&](FieldVisitor& v) { describe(v, example); };
    read_config({{"fuzz.yaml", text}}, {}, describe_it);
    testing::Example again;
    read_config({{"again.yaml", write_config(describe_it)}}, {},
                [&](FieldVisitor& v) { describe(v, again); });
  } catch (const Error&) {
  }
  try {
    testing::Example example;
    read_config({}, {text}, [&](FieldVisitor& v) { describe(v, example); });
  } catch (const Error&) {
  }
}

}  // namespace alarm_dist::fuzz
