// SPDX-License-Identifier: Apache-2.0
// Names that a folder's weights have, as transformers gives them.
#pragma once

namespace alarm_dist {

inline constexpr const char* kSingleFile = "model.safetensors";
inline constexpr const char* kIndexFile = "model.safetensors.index.json";

}  // namespace alarm_dist
