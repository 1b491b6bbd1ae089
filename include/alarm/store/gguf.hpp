// SPDX-License-Identifier: Apache-2.0
// GGUF reading (versions 2 and 3): metadata and tensors, dequantised on request. Every length is
// checked against the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

using GgufValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>,
                               std::vector<double>, std::vector<std::string>>;

class GgufFile {
 public:
  static GgufFile open(const std::filesystem::path& path);
  GgufFile(GgufFile&&) noexcept;
  GgufFile& operator=(GgufFile&&) noexcept;
  ~GgufFile();

  const std::filesystem::path& path() const;
  bool has(const std::string& key) const;
  // Throw Error naming the file and the key when it is missing or of another type.
  std::int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;  // integers too
  bool flag(const std::string& key) const;
  const std::string& text(const std::string& key) const;
  const std::vector<std::string>& texts(const std::string& key) const;
  const std::vector<std::int64_t>& integers(const std::string& key) const;
  const std::vector<double>& numbers(const std::string& key) const;
  std::vector<std::string> keys() const;

  std::vector<std::string> tensor_names() const;  // in file order
  bool contains(const std::string& tensor) const;
  std::string quantization(const std::string& tensor) const;  // "Q4_1"
  // In PyTorch's order (GGUF's reversed).
  const std::vector<std::int64_t>& shape(const std::string& tensor) const;
  // float32, in PyTorch's order of dimensions (GGUF's reversed). F32 F16 BF16, Q4_0 Q4_1 Q5_0 Q5_1
  // Q8_0, Q2_K to Q6_K.
  at::Tensor dequantize(const std::string& tensor) const;

 private:
  struct Impl;
  explicit GgufFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace alarm_dist
