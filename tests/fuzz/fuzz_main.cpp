// SPDX-License-Identifier: Apache-2.0
// libFuzzer's way in; ALARM_FUZZ_TARGET names the target. Built by launch/fuzz with clang.
#include <cstdint>
#include <cstdlib>
#include <exception>

#include <fmt/format.h>

#include "fuzz/targets.hpp"

namespace {

const alarm_dist::fuzz::Target& chosen() {
  const char* name = std::getenv("ALARM_FUZZ_TARGET");
  return alarm_dist::fuzz::find_target(name == nullptr ? "" : name);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) try {
  chosen();
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "ALARM_FUZZ_TARGET: {}\n", error.what());
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const alarm_dist::fuzz::Target& target = chosen();
  target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
