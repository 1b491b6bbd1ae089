// SPDX-License-Identifier: Apache-2.0
// The structure of a GGUF file: metadata, tensor descriptions and where each tensor's bytes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "alarm/store/gguf.hpp"

#include "store/gguf_quantization.hpp"
#include "store/mapped_file.hpp"

namespace alarm_dist {

struct GgufTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // PyTorch's order
  const GgufType* type = nullptr;
  std::int64_t blocks = 0;
  std::span<const std::byte> bytes;  // inside the map
};

struct GgufContent {
  std::map<std::string, GgufValue> metadata;
  std::vector<GgufTensor> tensors;  // in file order
};

// Throws Error naming file, key or tensor, what was expected and what was found.
GgufContent parse_gguf(const MappedFile& file);

}  // namespace alarm_dist
