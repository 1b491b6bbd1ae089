// SPDX-License-Identifier: Apache-2.0
#include "reward/placeholders.hpp"

#include <algorithm>
#include <string>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

namespace alarm_dist {
namespace {

void check_known(std::string_view name, std::span<const std::string_view> known) {
  if (std::ranges::find(known, name) != known.end()) return;
  const auto nearest = nearest_word(name, {known.begin(), known.end()});
  throw UsageError(
      fmt::format("unknown placeholder {{{}}} in the template of a reward model{}", name,
                  nearest ? fmt::format(", did you mean {{{}}}?", *nearest)
                          : fmt::format(", expected one of: {}", fmt::join(known, ", "))));
}

}  // namespace

std::vector<TemplatePart> split_template(std::string_view text,
                                         std::span<const std::string_view> known) {
  std::vector<TemplatePart> parts;
  const auto add_literal = [&](std::string_view literal) {
    if (!literal.empty()) parts.push_back({.literal = literal});
  };
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = text.find('}', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    add_literal(text.substr(0, open));
    parts.push_back({.placeholder = text.substr(open + 1, close - open - 1)});
    check_known(parts.back().placeholder, known);
    text.remove_prefix(close + 1);
  }
  add_literal(text);
  return parts;
}

}  // namespace alarm_dist
