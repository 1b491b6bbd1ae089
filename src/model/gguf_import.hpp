// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a Hugging Face directory.
#pragma once

#include <filesystem>

#include <c10/core/ScalarType.h>

namespace alarm_dist {

// Writes config.json, generation_config.json, tokenizer.json or tokenizer.model,
// tokenizer_config.json and the weights (dequantised, of the type) into an existing directory.
// Throws Error naming the file and what is not supported.
void import_gguf(const std::filesystem::path& gguf, c10::ScalarType dtype,
                 const std::filesystem::path& dir);

// "float32", "bfloat16", "float64", "float16", as config.json has it.
const char* dtype_name(c10::ScalarType dtype);

}  // namespace alarm_dist
