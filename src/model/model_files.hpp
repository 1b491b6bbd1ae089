// SPDX-License-Identifier: Apache-2.0
// A Hugging Face directory as this program writes it: weights, and the small files that travel with
// them.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// Those of config.json, generation_config.json and the tokenizer's files that exist, by name.
std::map<std::string, std::string> read_model_files(const std::filesystem::path& dir);
bool is_model_file(const std::string& name);  // one of them

// Writes the widest type of the weights into the directory's config.json, whose other keys stay:
// transformers loads weights in the type that is named there.
void name_weights_type(const std::filesystem::path& dir, const TensorSources& weights);

// The small files of the directory `source`, byte for byte but for config.json's type of weights,
// and these weights, made one by one. Makes `dir` where there is none.
void write_model_directory(const std::filesystem::path& source, const TensorSources& weights,
                           const std::filesystem::path& dir);

}  // namespace alarm_dist
