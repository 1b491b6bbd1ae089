// SPDX-License-Identifier: Apache-2.0
// A checkpoint's tensors against those that its config.json describes. A file with more layers than
// its config, or with biases that the config denies, is another model, and would give other numbers
// without a word. Only names are read.
#pragma once

#include <filesystem>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// Throws Error naming the folder and the first tensor that is missing or left over, with the likely
// reason. Not left over: heads of another kind, which a trunk may have, and the masks and tables
// that published files carry and nothing computes with (the list is in the source). A folder of a
// family that is not known passes: who loads it says so.
void check_tensor_names(const std::filesystem::path& dir, const TensorFile& file);

}  // namespace alarm_dist
