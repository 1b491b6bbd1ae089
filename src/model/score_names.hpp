// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace alarm_dist {

// What checkpoints call a head that is not for the vocabulary: transformers' two names, and
// UltraRM's.
inline constexpr const char* kScoreHeads[] = {"score", "classifier", "regression_head"};

}  // namespace alarm_dist
