// SPDX-License-Identifier: Apache-2.0
// The patterns of a tokenizer.json, {"Regex": ...} or {"String": ...}, and what to do where they
// match.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "alarm/text/tokenizer.hpp"

#include "text/json_field.hpp"

namespace alarm_dist {

// Byte ranges of the matches, left to right; a regular expression may match nothing at a place.
using Matcher = std::function<std::vector<Span>(std::string_view)>;

// From the value of "pattern".
Matcher make_matcher(const JsonField& pattern);

enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

// From the value of "behavior".
SplitBehavior read_split_behavior(const JsonField& field);

enum class Inverted { kNo, kYes };  // yes: what lies between the matches is the delimiter

// The pieces of a text of `size` bytes, none empty.
std::vector<Span> split_at(const std::vector<Span>& matches, std::size_t size,
                           SplitBehavior behavior, Inverted inverted = Inverted::kNo);

}  // namespace alarm_dist
