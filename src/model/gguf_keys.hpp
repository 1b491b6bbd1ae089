// SPDX-License-Identifier: Apache-2.0
// Metadata of a GGUF file's architecture, by the part of the key after "llama.".
#pragma once

#include <cstdint>
#include <string>

#include "alarm/store/gguf.hpp"

namespace alarm_dist {

// The file is borrowed. What is missing or of another type is an Error that names file and key.
class GgufKeys {
 public:
  explicit GgufKeys(const GgufFile& file)
      : file_(file), architecture_(file.text("general.architecture")) {}

  const std::string& architecture() const { return architecture_; }
  std::string full(const std::string& key) const { return architecture_ + "." + key; }
  bool has(const std::string& key) const { return file_.has(full(key)); }
  std::int64_t integer(const std::string& key) const { return file_.integer(full(key)); }
  std::int64_t integer_or(const std::string& key, std::int64_t fallback) const {
    return has(key) ? integer(key) : fallback;
  }
  // GGUF stores float32; its shortest decimal is the number that was meant (1e-05, not
  // 9.999999747378752e-06).
  double number(const std::string& key) const;
  double number_or(const std::string& key, double fallback) const {
    return has(key) ? number(key) : fallback;
  }
  const std::string& text(const std::string& key) const { return file_.text(full(key)); }
  bool flag(const std::string& key) const { return file_.flag(full(key)); }

  [[noreturn]] void refuse(const std::string& key, const std::string& found,
                           const std::string& supported) const;

 private:
  const GgufFile& file_;
  std::string architecture_;
};

}  // namespace alarm_dist
