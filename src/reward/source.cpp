// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/source.hpp"

#include <array>
#include <utility>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

constexpr std::array<std::pair<std::string_view, Granularity>, 4> kGranularities = {{
    {"response", Granularity::kResponse},
    {"sentence", Granularity::kSentence},
    {"sub_sentence", Granularity::kSubSentence},
    {"token", Granularity::kToken},
}};

}  // namespace

Granularity parse_granularity(std::string_view name) {
  for (const auto& [known, granularity] : kGranularities) {
    if (known == name) return granularity;
  }
  throw UsageError(fmt::format(
      "unknown granularity '{}', expected one of: response, sentence, sub_sentence, token", name));
}

std::string_view to_string(Granularity granularity) {
  for (const auto& [name, known] : kGranularities) {
    if (known == granularity) return name;
  }
  throw Error(fmt::format("granularity {} has no name", static_cast<int>(granularity)));
}

}  // namespace alarm_dist
