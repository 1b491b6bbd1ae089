// SPDX-License-Identifier: Apache-2.0
// YAML text to a tree of nodes: one document, unique keys, anchors and aliases resolved, no tags.
// Everything else is a UsageError that names the source and the line.
#pragma once

#include <string>

#include "config/node.hpp"

namespace alarm_dist::config {

// A file: a mapping, or an empty one when the text holds no value.
Node parse_document(const std::string& name, const std::string& text);

// "a.b.c=value" as the mapping {a: {b: {c: value}}}; its place is "--set a.b.c=value".
Node parse_override(const std::string& assignment);

}  // namespace alarm_dist::config
