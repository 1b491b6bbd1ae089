// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/log.hpp"

#include <atomic>
#include <memory>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "alarm/base/error.hpp"

namespace alarm_dist::log {
namespace {

std::atomic<int> g_rank{0};

spdlog::logger& logger() {
  // Never destroyed: destructors of static objects may still log.
  static auto* instance = [] {
    auto* made =
        new spdlog::logger("alarm", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%H:%M:%S [rank 00] %^%l%$ %v");
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

}  // namespace

void init(int rank, Level level) {
  g_rank = rank;
  logger().set_pattern(fmt::format("%H:%M:%S [rank {:02}] %^%l%$ %v", rank));
  logger().set_level(to_spdlog(level));
}

Level parse_level(std::string_view name) {
  if (name == "debug") return Level::kDebug;
  if (name == "info") return Level::kInfo;
  if (name == "warn") return Level::kWarn;
  if (name == "error") return Level::kError;
  if (name == "off") return Level::kOff;
  throw UsageError(fmt::format("log level '{}': expected debug, info, warn, error or off", name));
}

int rank() { return g_rank; }

void write(Level level, std::string_view message) { logger().log(to_spdlog(level), message); }

void flush() { logger().flush(); }

}  // namespace alarm_dist::log
