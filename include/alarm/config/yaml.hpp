// SPDX-License-Identifier: Apache-2.0
// Strict YAML: every key is known, typed and in range, or the program ends with file, line, key,
// what was expected and the nearest known key (UsageError, exit 2).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "alarm/config/fields.hpp"

namespace alarm_dist {

struct ConfigSource {
  std::string name;  // file name for messages, or "embedded default"
  std::string text;
};

// Reads the sources in order, later ones over earlier ones key by key, then "key.path=value"
// overrides (--set), into what describe shows. Values that no source names keep what the struct
// holds.
void read_config(const std::vector<ConfigSource>& sources,
                 const std::vector<std::string>& overrides,
                 const std::function<void(FieldVisitor&)>& describe);

// The whole config as YAML, every key with its value: reads back to the same struct. Where it will
// be read over another config (below), names that only that one has are written `name: ~`.
std::string write_config(const std::function<void(FieldVisitor&)>& describe,
                         const std::function<void(FieldVisitor&)>& below = {});

// Markdown: a table a section with key, type and range, default, meaning.
std::string document_config(const std::function<void(FieldVisitor&)>& describe);

}  // namespace alarm_dist
