// SPDX-License-Identifier: Apache-2.0
// Text log of a rank, on standard error. Metrics are data and do not go here (alarm/metrics).
//
// Not for layers or losses: they return numbers, and the trainer reports. Thread-safe.
#pragma once

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace alarm_dist::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

// Sets the rank that stands in front of each line and the least level that is printed. Call once,
// early in main. Until then lines carry rank 0.
void init(int rank, Level level);
Level parse_level(std::string_view name);  // debug | info | warn | error | off; throws UsageError
int rank();

void write(Level level, std::string_view message);
void flush();

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}
// On rank 0 only: what holds for the whole job.
template <typename... Args>
void root_info(fmt::format_string<Args...> format, Args&&... args) {
  if (rank() == 0) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace alarm_dist::log
