// SPDX-License-Identifier: Apache-2.0
// Heads for scores, as files call them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace alarm_dist {

// What checkpoints call a head that is not for the vocabulary: transformers' two names, and
// UltraRM's.
inline constexpr const char* kScoreHeads[] = {"score", "classifier", "regression_head"};

bool is_score_tensor(const std::string& name);  // of such a head
bool is_head_tensor(const std::string& name);   // or of that for the vocabulary

// Makes a decoder's config.json that of <Family>ForSequenceClassification with so many labels.
void name_classifier(const std::filesystem::path& config, std::int64_t labels);

}  // namespace alarm_dist
