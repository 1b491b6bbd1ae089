// SPDX-License-Identifier: Apache-2.0
// Block layouts as ggml documents them. The inner loops have constant trip counts so that the
// compiler vectorises them.
#include "store/gguf_quantization.hpp"

#include <cstring>
#include <string>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include "store/gguf_blocks.hpp"

namespace alarm_dist {
namespace {

constexpr int kBlock = 32;  // elements of a Q block
constexpr int kHalfBlock = kBlock / 2;

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

// The highest bit of each number of a block of 32, as 16 or 0.
class FifthBits {
 public:
  explicit FifthBits(const std::byte* bytes) { std::memcpy(&bits_, bytes, sizeof(bits_)); }
  int operator()(int i) const { return static_cast<int>((bits_ >> i) & 1U) << 4; }

 private:
  std::uint32_t bits_ = 0;
};

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

// Scale, 32 fifth bits, then nibbles as in Q4_0.
void read_q5_0(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += 6 + kHalfBlock, values += kBlock) {
    const float scale = read_half(blocks);
    const FifthBits fifth(blocks + 2);
    const auto* quants = reinterpret_cast<const std::uint8_t*>(blocks + 6);
    for (int i = 0; i < kHalfBlock; ++i) {
      values[i] = scale * static_cast<float>(((quants[i] & 15) | fifth(i)) - 16);
      values[i + kHalfBlock] =
          scale * static_cast<float>(((quants[i] >> 4) | fifth(i + kHalfBlock)) - 16);
    }
  }
}

// Scale and least value, 32 fifth bits, then nibbles.
void read_q5_1(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += 8 + kHalfBlock, values += kBlock) {
    const float scale = read_half(blocks), least = read_half(blocks + 2);
    const FifthBits fifth(blocks + 4);
    const auto* quants = reinterpret_cast<const std::uint8_t*>(blocks + 8);
    for (int i = 0; i < kHalfBlock; ++i) {
      values[i] = scale * static_cast<float>((quants[i] & 15) | fifth(i)) + least;
      values[i + kHalfBlock] =
          scale * static_cast<float>((quants[i] >> 4) | fifth(i + kHalfBlock)) + least;
    }
  }
}

// Types without a reader are listed so that a file that holds them can be opened and the message
// names them.
constexpr GgufType kTypes[] = {
    {0, "F32", 1, 4, read_f32},
    {1, "F16", 1, 2, read_narrow<c10::Half>},
    {30, "BF16", 1, 2, read_narrow<c10::BFloat16>},
    {2, "Q4_0", kBlock, 2 + kHalfBlock, read_q4_0},
    {3, "Q4_1", kBlock, 4 + kHalfBlock, read_q4_1},
    {6, "Q5_0", kBlock, 6 + kHalfBlock, read_q5_0},
    {7, "Q5_1", kBlock, 8 + kHalfBlock, read_q5_1},
    {8, "Q8_0", kBlock, 2 + kBlock, read_q8_0},
    {10, "Q2_K", kSuperBlock, kQ2KBytes, read_q2_k},
    {11, "Q3_K", kSuperBlock, kQ3KBytes, read_q3_k},
    {12, "Q4_K", kSuperBlock, kQ4KBytes, read_q4_k},
    {13, "Q5_K", kSuperBlock, kQ5KBytes, read_q5_k},
    {14, "Q6_K", kSuperBlock, kQ6KBytes, read_q6_k},
    {9, "Q8_1", kBlock, 40, nullptr},
    {15, "Q8_K", kSuperBlock, 292, nullptr},
    {16, "IQ2_XXS", kSuperBlock, 66, nullptr},
    {17, "IQ2_XS", kSuperBlock, 74, nullptr},
    {18, "IQ3_XXS", kSuperBlock, 98, nullptr},
    {19, "IQ1_S", kSuperBlock, 50, nullptr},
    {20, "IQ4_NL", kBlock, 18, nullptr},
    {21, "IQ3_S", kSuperBlock, 110, nullptr},
    {22, "IQ2_S", kSuperBlock, 82, nullptr},
    {23, "IQ4_XS", kSuperBlock, 136, nullptr},
    {29, "IQ1_M", kSuperBlock, 56, nullptr},
    {34, "TQ1_0", kSuperBlock, 54, nullptr},
    {35, "TQ2_0", kSuperBlock, 66, nullptr},
    {39, "MXFP4", kBlock, 17, nullptr},
    {40, "NVFP4", 64, 36, nullptr},
    {41, "Q1_0", 128, 18, nullptr},
    {24, "I8", 1, 1, nullptr},
    {25, "I16", 1, 2, nullptr},
    {26, "I32", 1, 4, nullptr},
    {27, "I64", 1, 8, nullptr},
    {28, "F64", 1, 8, nullptr},
};

}  // namespace

const GgufType* find_gguf_type(std::uint32_t id) {
  for (const auto& type : kTypes) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

std::string readable_gguf_types() {
  std::string names;
  for (const auto& type : kTypes) {
    if (type.dequantize == nullptr) continue;
    if (!names.empty()) names += ' ';
    names += type.name;
  }
  return names;
}

}  // namespace alarm_dist
