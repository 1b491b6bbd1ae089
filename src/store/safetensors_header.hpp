// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file: 8 bytes of length, JSON, then the data that it describes
// without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <c10/core/ScalarType.h>

#include "store/mapped_file.hpp"

namespace alarm_dist {

struct StoredTensor {
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // inside the map
};

struct SafetensorsHeader {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Throws Error naming file, tensor, what was expected and what was found.
SafetensorsHeader read_safetensors_header(const MappedFile& file);

}  // namespace alarm_dist
