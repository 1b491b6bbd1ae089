// SPDX-License-Identifier: Apache-2.0
#include "text/pattern.hpp"

#include <memory>

#include "text/kinds.hpp"
#include "text/regex.hpp"

namespace alarm_dist {
namespace {

std::vector<Span> literal_matches(std::string_view text, std::string_view literal) {
  std::vector<Span> found;
  for (std::size_t at = text.find(literal); at != std::string_view::npos;
       at = text.find(literal, at + literal.size())) {
    found.push_back(
        {static_cast<std::int64_t>(at), static_cast<std::int64_t>(at + literal.size())});
  }
  return found;
}

struct Stretch {
  Span range;
  bool delimiter;
};

std::vector<Stretch> stretches_of(const std::vector<Span>& matches, std::size_t size,
                                  Inverted inverted) {
  const bool delimiter = inverted == Inverted::kNo;
  std::vector<Stretch> out;
  out.reserve(2 * matches.size() + 1);
  std::int64_t done = 0;
  for (const Span& match : matches) {
    if (match.begin > done) out.push_back({{done, match.begin}, !delimiter});
    out.push_back({match, delimiter});
    done = match.end;
  }
  const auto end = static_cast<std::int64_t>(size);
  if (done < end) out.push_back({{done, end}, !delimiter});
  return out;
}

// Whether a stretch joins the piece that was begun before it, in the order of the walk.
bool joins(SplitBehavior behavior, bool delimiter, bool previous_delimiter) {
  if (behavior == SplitBehavior::kContiguous) return delimiter == previous_delimiter;
  const bool merges =
      behavior == SplitBehavior::kMergedWithPrevious || behavior == SplitBehavior::kMergedWithNext;
  return merges && delimiter && !previous_delimiter;
}

template <typename Iterator>
std::vector<Span> join(Iterator first, Iterator last, SplitBehavior behavior) {
  std::vector<Span> pieces;
  bool previous = false;
  for (; first != last; ++first) {
    if (joins(behavior, first->delimiter, previous) && !pieces.empty()) {
      pieces.back().begin = std::min(pieces.back().begin, first->range.begin);
      pieces.back().end = std::max(pieces.back().end, first->range.end);
    } else if (behavior != SplitBehavior::kRemoved || !first->delimiter) {
      pieces.push_back(first->range);
    }
    previous = first->delimiter;
  }
  return pieces;
}

using BehaviorName = Kind<SplitBehavior>;
constexpr std::array<BehaviorName, 5> kBehaviors = {{
    {"Removed", SplitBehavior::kRemoved},
    {"Isolated", SplitBehavior::kIsolated},
    {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
    {"MergedWithNext", SplitBehavior::kMergedWithNext},
    {"Contiguous", SplitBehavior::kContiguous},
}};

}  // namespace

Matcher make_matcher(const JsonField& pattern) {
  if (pattern.has("Regex")) {
    const auto regex = std::make_shared<const Regex>(pattern.at("Regex").text());
    return [regex](std::string_view text) { return regex->find_all(text); };
  }
  const std::string literal = pattern.at("String").text();
  if (literal.empty()) return [](std::string_view) { return std::vector<Span>(); };
  return [literal](std::string_view text) { return literal_matches(text, literal); };
}

SplitBehavior read_split_behavior(const JsonField& field) {
  return find_named(field, field.text(), "split behavior", kBehaviors);
}

std::vector<Span> split_at(const std::vector<Span>& matches, std::size_t size,
                           SplitBehavior behavior, Inverted inverted) {
  const std::vector<Stretch> stretches = stretches_of(matches, size, inverted);
  std::vector<Span> pieces;
  if (behavior == SplitBehavior::kMergedWithNext) {
    pieces = join(stretches.rbegin(), stretches.rend(), behavior);
    std::reverse(pieces.begin(), pieces.end());
  } else {
    pieces = join(stretches.begin(), stretches.end(), behavior);
  }
  std::erase_if(pieces, [](const Span& piece) { return piece.begin == piece.end; });
  return pieces;
}

}  // namespace alarm_dist
