// SPDX-License-Identifier: Apache-2.0
// The words of the ACLSum task: what is asked, and how the data set's tokenised sentences are shown
// to a model.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "alarm/text/chat.hpp"

namespace alarm_dist {

inline constexpr std::array<const char*, 3> kAclSumAspects = {"challenge", "approach", "outcome"};
inline constexpr std::array<const char*, 3> kAclSumSections = {"abstract", "introduction",
                                                               "conclusion"};

// "In one sentence, what is the challenge the paper addresses?" Throws Error for an aspect that is
// not one.
std::string aclsum_question(std::string_view aspect);

// What the user says: the document, then the question.
ChatMessage aclsum_message(std::string_view document, std::string_view aspect);

// "words , like ( these ) ." as people write them: "words, like (these)." Takes one sentence.
std::string detokenize(std::string_view sentence);

}  // namespace alarm_dist
