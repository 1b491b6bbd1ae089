// SPDX-License-Identifier: Apache-2.0
// The element types of safetensors files.
#pragma once

#include <optional>
#include <string_view>

#include <c10/core/ScalarType.h>

namespace alarm_dist {

std::optional<at::ScalarType> tensor_type(std::string_view name);  // "BF16" -> kBFloat16
std::optional<std::string_view> tensor_type_name(at::ScalarType type);

}  // namespace alarm_dist
