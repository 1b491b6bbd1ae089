// SPDX-License-Identifier: Apache-2.0
// safetensors: reading through a memory map, writing atomically.
//
// Tensors are views of the map (they keep it alive) and are shared by all ranks of a node; treat
// them as read-only: writing into one faults. Every length and range of the file is checked against
// the file before use. (Tensors that a careless writer left unaligned are copied.)
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

class TensorFile {
 public:
  // One .safetensors file, or a folder with model.safetensors or model.safetensors.index.json and
  // its shards. Throws Error naming file and tensor: what was expected and what was found.
  static TensorFile open(const std::filesystem::path& path);

  TensorFile(TensorFile&&) noexcept;
  TensorFile& operator=(TensorFile&&) noexcept;
  ~TensorFile();

  const std::vector<std::string>& names() const;  // sorted
  bool contains(const std::string& name) const;
  at::Tensor get(const std::string& name) const;
  // Also checks the shape.
  at::Tensor get(const std::string& name, at::IntArrayRef shape) const;
  const std::map<std::string, std::string>& metadata() const;

 private:
  struct Impl;
  explicit TensorFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// Writes to a temporary file beside path, syncs it and renames it. Tensors may be on any device and
// non-contiguous.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace alarm_dist
