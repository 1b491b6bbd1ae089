// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <string>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist {
namespace {

bool processor_has(const std::string& flag) {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("flags")) return (line + ' ').find(' ' + flag + ' ') != std::string::npos;
  }
  return false;
}

}  // namespace

at::ScalarType native_dtype(c10::Device device) {
  if (device.is_cuda()) return at::kBFloat16;
  return processor_has("amx_bf16") || processor_has("avx512_bf16") ? at::kBFloat16 : at::kFloat;
}

}  // namespace alarm_dist
