// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/aclsum.hpp"

#include "alarm/base/error.hpp"
#include "alarm/text/chat.hpp"

namespace alarm_dist {
namespace {

struct Wording {
  const char* aspect;
  const char* asks_for;
};
constexpr std::array<Wording, 3> kWordings = {{
    {"challenge", "the challenge the paper addresses"},
    {"approach", "the approach the paper takes"},
    {"outcome", "the outcome the paper reports"},
}};
constexpr const char* kTask = "Read the abstract of a scientific paper.";

}  // namespace

std::string aclsum_question(std::string_view aspect) {
  for (const Wording& wording : kWordings) {
    if (aspect == wording.aspect)
      return fmt::format("In one sentence, what is {}?", wording.asks_for);
  }
  throw Error(fmt::format("aspect \"{}\" is not one of challenge, approach, outcome", aspect));
}

std::string aclsum_prompt(std::string_view document, std::string_view aspect) {
  return chatml_prompt(
      {{"user", fmt::format("{}\n\n{}\n\n{}", kTask, document, aclsum_question(aspect))}});
}

}  // namespace alarm_dist
