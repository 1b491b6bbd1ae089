// SPDX-License-Identifier: Apache-2.0
// GGUF files of the golden scripts, and what importing a changed one says.
#pragma once

#include <filesystem>
#include <string>

#include "alarm/base/error.hpp"

#include "model/gguf_import.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist::testing {

inline std::filesystem::path gguf_dir() { return source_dir() / "tests/data/model/gguf"; }
inline std::filesystem::path gguf_file(const std::string& name) {
  return gguf_dir() / (name + ".gguf");
}

// The message with which a file of this name and content is refused.
inline std::string import_refusal(const std::string& name, const std::string& bytes) {
  const TempDir dir;
  write_file(dir / name, bytes);
  try {
    import_gguf(dir / name, at::kFloat, dir.path());
  } catch (const Error& error) {
    return error.what();
  }
  return "imported";
}

}  // namespace alarm_dist::testing
