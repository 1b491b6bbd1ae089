// SPDX-License-Identifier: Apache-2.0
// Block layouts as ggml documents them. The inner loops have constant trip counts so that the
// compiler vectorises them.
#include "store/gguf_quantization.hpp"

#include <cstring>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

namespace alarm_dist {
namespace {

constexpr int kBlock = 32;  // elements of a Q block
constexpr int kHalfBlock = kBlock / 2;

float read_half(const std::byte* bytes) {
  c10::Half value;
  std::memcpy(&value, bytes, sizeof(value));
  return static_cast<float>(value);
}

void read_f32(const std::byte* blocks, std::int64_t count, float* values) {
  std::memcpy(values, blocks, static_cast<std::size_t>(count) * sizeof(float));
}

template <typename Stored>
void read_narrow(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, blocks + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<float>(value);
  }
}

// Scale, then 32 signed bytes.
void read_q8_0(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += 2 + kBlock, values += kBlock) {
    const float scale = read_half(blocks);
    const auto* quants = reinterpret_cast<const std::int8_t*>(blocks + 2);
    for (int i = 0; i < kBlock; ++i) values[i] = scale * static_cast<float>(quants[i]);
  }
}

// Scale, then 16 bytes whose low nibbles are the first half of the block and whose high nibbles are
// the second.
void read_q4_0(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += 2 + kHalfBlock, values += kBlock) {
    const float scale = read_half(blocks);
    const auto* quants = reinterpret_cast<const std::uint8_t*>(blocks + 2);
    for (int i = 0; i < kHalfBlock; ++i) {
      values[i] = scale * static_cast<float>((quants[i] & 15) - 8);
      values[i + kHalfBlock] = scale * static_cast<float>((quants[i] >> 4) - 8);
    }
  }
}

// Scale and least value, then nibbles as in Q4_0.
void read_q4_1(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += 4 + kHalfBlock, values += kBlock) {
    const float scale = read_half(blocks);
    const float least = read_half(blocks + 2);
    const auto* quants = reinterpret_cast<const std::uint8_t*>(blocks + 4);
    for (int i = 0; i < kHalfBlock; ++i) {
      values[i] = scale * static_cast<float>(quants[i] & 15) + least;
      values[i + kHalfBlock] = scale * static_cast<float>(quants[i] >> 4) + least;
    }
  }
}

// Types without a reader are listed so that a file that holds them can be opened and the message
// names them.
constexpr GgufType kTypes[] = {
    {0, "F32", 1, 4, read_f32},
    {1, "F16", 1, 2, read_narrow<c10::Half>},
    {2, "Q4_0", kBlock, 2 + kHalfBlock, read_q4_0},
    {3, "Q4_1", kBlock, 4 + kHalfBlock, read_q4_1},
    {6, "Q5_0", 32, 22, nullptr},
    {7, "Q5_1", 32, 24, nullptr},
    {8, "Q8_0", kBlock, 2 + kBlock, read_q8_0},
    {9, "Q8_1", 32, 40, nullptr},
    {10, "Q2_K", 256, 84, nullptr},
    {11, "Q3_K", 256, 110, nullptr},
    {12, "Q4_K", 256, 144, nullptr},
    {13, "Q5_K", 256, 176, nullptr},
    {14, "Q6_K", 256, 210, nullptr},
    {15, "Q8_K", 256, 292, nullptr},
    {24, "I8", 1, 1, nullptr},
    {25, "I16", 1, 2, nullptr},
    {26, "I32", 1, 4, nullptr},
    {27, "I64", 1, 8, nullptr},
    {28, "F64", 1, 8, nullptr},
    {30, "BF16", 1, 2, read_narrow<c10::BFloat16>},
};

}  // namespace

const GgufType* find_gguf_type(std::uint32_t id) {
  for (const auto& type : kTypes) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

}  // namespace alarm_dist
