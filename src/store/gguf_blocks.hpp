// SPDX-License-Identifier: Apache-2.0
// Readers of GGUF's super-blocks ("K quants": 256 elements with scales of their own parts), and
// what they share with the plain blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <c10/util/Half.h>

namespace alarm_dist {

inline float read_half(const std::byte* bytes) {
  c10::Half value;
  std::memcpy(&value, bytes, sizeof(value));
  return static_cast<float>(value);
}

inline constexpr int kSuperBlock = 256;  // elements
inline constexpr int kQ2KBytes = 84, kQ3KBytes = 110, kQ4KBytes = 144, kQ5KBytes = 176,
                     kQ6KBytes = 210;

// Each writes count * kSuperBlock values.
void read_q2_k(const std::byte* blocks, std::int64_t count, float* values);
void read_q3_k(const std::byte* blocks, std::int64_t count, float* values);
void read_q4_k(const std::byte* blocks, std::int64_t count, float* values);
void read_q5_k(const std::byte* blocks, std::int64_t count, float* values);
void read_q6_k(const std::byte* blocks, std::int64_t count, float* values);

}  // namespace alarm_dist
