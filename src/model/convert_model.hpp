// SPDX-License-Identifier: Apache-2.0
// What resolve_model and convert_model share.
#pragma once

#include <filesystem>

#include <c10/core/ScalarType.h>

namespace alarm_dist {

bool is_gguf(const std::filesystem::path& model);

// Throws Error unless the path is that of a .gguf file or of a directory; pickled weights are
// refused with the command that converts them.
void check_is_model(const std::filesystem::path& model);

// Writes the model in the type into an existing directory. `adapter`: in PEFT's layout, added to
// the weights before they are rounded to the type; none if empty.
void write_converted(const std::filesystem::path& model, at::ScalarType dtype,
                     const std::filesystem::path& adapter, const std::filesystem::path& dir);

}  // namespace alarm_dist
