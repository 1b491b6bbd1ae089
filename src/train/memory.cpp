// SPDX-License-Identifier: Apache-2.0
#include "train/memory.hpp"

#include <fstream>
#include <malloc.h>
#include <string>

#include <c10/core/CachingDeviceAllocator.h>

namespace alarm_dist {
namespace {

// A line "Name:   123 kB" of a file in /proc; 0 when it is not there.
double kilobytes_of(const char* file, const std::string& name) {
  std::ifstream lines(file);
  std::string word;
  while (lines >> word) {
    double value = 0;
    if (word == name + ":" && lines >> value) return value;
  }
  return 0;
}

}  // namespace

double device_bytes(c10::Device device) {
  if (device.is_cpu()) return 0;
  const auto statistics = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  const auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return static_cast<double>(statistics.allocated_bytes.at(all).peak);
}

void release_free_memory() { malloc_trim(0); }

double resident_bytes() { return 1024.0 * kilobytes_of("/proc/self/status", "VmRSS"); }

}  // namespace alarm_dist
