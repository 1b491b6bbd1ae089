// SPDX-License-Identifier: Apache-2.0
// The small files of a Hugging Face directory that travel with its weights.
#pragma once

#include <filesystem>

namespace alarm_dist {

// Copies those of config.json, generation_config.json and the tokenizer's files that exist.
void copy_model_files(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace alarm_dist
