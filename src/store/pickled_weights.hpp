// SPDX-License-Identifier: Apache-2.0
// Weights as PyTorch pickles them. Loading a pickle can run any code, so that this program never
// does (DESIGN, law 7); launch/convert-pickle makes safetensors of them.
#pragma once

#include <filesystem>
#include <optional>

namespace alarm_dist {

// By its name: pytorch_model.bin, *.pt, *.pth, *.ckpt, *.pkl.
bool is_pickle(const std::filesystem::path& file);

// The file of a folder that most likely holds pickled weights, if there is one.
std::optional<std::filesystem::path> find_pickled_weights(const std::filesystem::path& dir);

}  // namespace alarm_dist
