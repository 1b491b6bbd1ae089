// SPDX-License-Identifier: Apache-2.0
// One safetensors file, tensor by tensor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// As write_safetensors; each tensor is made when its turn comes.
void stream_safetensors(const std::filesystem::path& path, const TensorSources& tensors,
                        const std::map<std::string, std::string>& metadata);

std::uint64_t bytes_of(const TensorSource& tensor);

}  // namespace alarm_dist
