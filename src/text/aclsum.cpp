// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/aclsum.hpp"

#include "alarm/base/error.hpp"
#include "alarm/text/chat.hpp"

namespace alarm_dist {
namespace {

struct Wording {
  const char* aspect;
  const char* question;
};
// Measured among seven wordings: with these the untrained policy already answers in the experts'
// form, so a reward model cannot be satisfied by the form alone.
constexpr std::array<Wording, 3> kWordings = {{
    {"challenge", "In one sentence, what is the challenge that motivates this work?"},
    {"approach", "In one sentence, what approach do they propose?"},
    {"outcome", "In one sentence, what is the outcome of their experiments?"},
}};

}  // namespace

std::string aclsum_question(std::string_view aspect) {
  for (const Wording& wording : kWordings) {
    if (aspect == wording.aspect) return wording.question;
  }
  throw Error(fmt::format("aspect \"{}\" is not one of challenge, approach, outcome", aspect));
}

ChatMessage aclsum_message(std::string_view document, std::string_view aspect) {
  return {"user", fmt::format("Abstract: {}\n\n{}", document, aclsum_question(aspect))};
}

}  // namespace alarm_dist
