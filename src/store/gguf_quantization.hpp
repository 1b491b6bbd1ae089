// SPDX-License-Identifier: Apache-2.0
// The element types of GGUF tensors: blocks of a fixed number of elements in a fixed number of
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alarm_dist {

struct GgufType {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
  // Writes blocks * block_elements floats; null for a type that cannot be dequantised.
  void (*dequantize)(const std::byte* blocks, std::int64_t block_count, float* values);
};

const GgufType* find_gguf_type(std::uint32_t id);  // null if it is unknown
std::string readable_gguf_types();                 // "F32 F16 ...": those that can be dequantised

}  // namespace alarm_dist
