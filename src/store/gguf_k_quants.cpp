// SPDX-License-Identifier: Apache-2.0
// Super-blocks as ggml documents them: 256 elements in 8 or 16 parts, each part with a small
// integer scale (and offset), all parts under one pair of half-precision numbers. Parts share
// bytes: part p of a byte array of n-bit numbers is in its bits n*p up.
#include <array>

#include "store/gguf_blocks.hpp"

namespace alarm_dist {
namespace {

using Bytes = const std::uint8_t*;

Bytes as_numbers(const std::byte* bytes) { return reinterpret_cast<Bytes>(bytes); }

// Q4_K and Q5_K: eight 6-bit scales and eight 6-bit offsets in 12 bytes. The first four of each are
// the low six bits of bytes 0-3 and 4-7; the last four have their low four bits in the nibbles of
// bytes 8-11 and their high two in the free bits of the first eight.
struct ScalesAndOffsets {
  explicit ScalesAndOffsets(Bytes packed) {
    for (std::size_t i = 0; i < 4; ++i) {
      const int a = packed[i], b = packed[i + 4], c = packed[i + 8];
      scale[i] = a & 63;
      offset[i] = b & 63;
      scale[i + 4] = (c & 15) | ((a >> 2) & 48);
      offset[i + 4] = (c >> 4) | ((b >> 2) & 48);
    }
  }
  std::array<int, 8> scale, offset;
};

// Q3_K: sixteen 6-bit scales in 12 bytes, four low bits in the nibbles of the first eight, two high
// bits in the last four; 32 is zero.
std::array<int, 16> q3_scales(Bytes packed) {
  std::array<int, 16> scales;
  for (std::size_t i = 0; i < 16; ++i) {
    const int low = (packed[i % 8] >> (i < 8 ? 0 : 4)) & 15;
    const int high = (packed[8 + i % 4] >> (2 * (i / 4))) & 3;
    scales[i] = (low | (high << 4)) - 32;
  }
  return scales;
}

}  // namespace

// 16 bytes of scales (low nibble) and offsets (high nibble), 64 bytes of 2-bit numbers, the pair.
void read_q2_k(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += kQ2KBytes, values += kSuperBlock) {
    const Bytes parts = as_numbers(blocks), numbers = parts + 16;
    const float scale = read_half(blocks + 80), least = read_half(blocks + 82);
    for (int i = 0; i < kSuperBlock; ++i) {
      const int part = parts[i / 16];
      const int number = (numbers[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32))) & 3;
      values[i] = scale * static_cast<float>(part & 15) * static_cast<float>(number) -
                  least * static_cast<float>(part >> 4);
    }
  }
}

// 32 bytes of third bits (a cleared one means minus 4), 64 bytes of 2-bit numbers, 12 of scales,
// the scale of all.
void read_q3_k(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += kQ3KBytes, values += kSuperBlock) {
    const Bytes third = as_numbers(blocks), numbers = third + 32;
    const auto scales = q3_scales(numbers + 64);
    const float scale = read_half(blocks + 108);
    for (int i = 0; i < kSuperBlock; ++i) {
      const int low = (numbers[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32))) & 3;
      const int high = (third[i % 32] >> (i / 32)) & 1;
      values[i] = scale * static_cast<float>(scales[static_cast<std::size_t>(i / 16)]) *
                  static_cast<float>(low - (high == 0 ? 4 : 0));
    }
  }
}

// The pair, 12 bytes of scales and offsets, 128 bytes of nibbles.
void read_q4_k(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += kQ4KBytes, values += kSuperBlock) {
    const float scale = read_half(blocks), least = read_half(blocks + 2);
    const ScalesAndOffsets parts(as_numbers(blocks + 4));
    const Bytes nibbles = as_numbers(blocks + 16);
    for (std::size_t part = 0; part < 8; ++part) {
      const float part_scale = scale * static_cast<float>(parts.scale[part]);
      const float part_least = least * static_cast<float>(parts.offset[part]);
      for (std::size_t i = 0; i < 32; ++i) {
        const int number = (nibbles[part / 2 * 32 + i] >> (4 * (part % 2))) & 15;
        values[part * 32 + i] = part_scale * static_cast<float>(number) - part_least;
      }
    }
  }
}

// As Q4_K, with 32 bytes of fifth bits before the nibbles.
void read_q5_k(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += kQ5KBytes, values += kSuperBlock) {
    const float scale = read_half(blocks), least = read_half(blocks + 2);
    const ScalesAndOffsets parts(as_numbers(blocks + 4));
    const Bytes fifth = as_numbers(blocks + 16), nibbles = fifth + 32;
    for (std::size_t part = 0; part < 8; ++part) {
      const float part_scale = scale * static_cast<float>(parts.scale[part]);
      const float part_least = least * static_cast<float>(parts.offset[part]);
      for (std::size_t i = 0; i < 32; ++i) {
        const int low = (nibbles[part / 2 * 32 + i] >> (4 * (part % 2))) & 15;
        const int number = low | (((fifth[i] >> part) & 1) << 4);
        values[part * 32 + i] = part_scale * static_cast<float>(number) - part_least;
      }
    }
  }
}

// 128 bytes of low nibbles, 64 of high pairs of bits, 16 signed scales, the scale of all; 32 is
// zero.
void read_q6_k(const std::byte* blocks, std::int64_t count, float* values) {
  for (std::int64_t b = 0; b < count; ++b, blocks += kQ6KBytes, values += kSuperBlock) {
    const Bytes low = as_numbers(blocks), high = low + 128;
    const auto* scales = reinterpret_cast<const std::int8_t*>(high + 64);
    const float scale = read_half(blocks + 208);
    for (int i = 0; i < kSuperBlock; ++i) {
      const int nibble = (low[i / 128 * 64 + i % 64] >> (4 * (i % 128 / 64))) & 15;
      const int pair = (high[i / 128 * 32 + i % 32] >> (2 * (i % 128 / 32))) & 3;
      values[i] = scale * static_cast<float>(scales[i / 16]) *
                  static_cast<float>((nibble | (pair << 4)) - 32);
    }
  }
}

}  // namespace alarm_dist
