// SPDX-License-Identifier: Apache-2.0
// What the descriptions of the config share, and those with a file of their own.
#pragma once

#include "alarm/config/fields.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

inline constexpr double kUnlimited = 1e15;
inline constexpr Range kPositive{.low = 0, .low_open = true};
inline constexpr Range kNotNegative{.low = 0};
inline constexpr Range kUnit{.low = 0, .high = 1};
inline constexpr Range kCount{.low = 1, .high = kUnlimited};
inline constexpr Range kCountOrZero{.low = 0, .high = kUnlimited};

void describe(FieldVisitor& v, LoraConfig& lora);
void describe(FieldVisitor& v, AlgorithmConfig& algorithm);
void describe(FieldVisitor& v, OptimizerConfig& optimizer);

}  // namespace alarm_dist
