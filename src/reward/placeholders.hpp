// SPDX-License-Identifier: Apache-2.0
// Texts with placeholders in braces, which templates of reward models are: "Human: {prompt}".
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace alarm_dist {

// A placeholder, or literal text between two; the other is empty. Views of the template.
struct TemplatePart {
  std::string_view literal{};
  std::string_view placeholder{};
};

// In order, none empty. What opens with a brace that nothing closes is literal. Throws UsageError
// naming a placeholder that is not known, and the nearest that is.
std::vector<TemplatePart> split_template(std::string_view text,
                                         std::span<const std::string_view> known);

}  // namespace alarm_dist
