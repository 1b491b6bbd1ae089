// SPDX-License-Identifier: Apache-2.0
// safetensors: reading through a memory map, writing atomically.
//
// Tensors are views of the map (they keep it alive) and are shared by all ranks of a node; treat
// them as read-only: writing into one faults. Every length and range of the file is checked against
// the file before use. (Tensors that a careless writer left unaligned are copied.)
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

class TensorFile {
 public:
  // One .safetensors file, or a folder with model.safetensors or model.safetensors.index.json and
  // its shards. Throws Error naming file and tensor: what was expected and what was found. Pickled
  // weights (pytorch_model.bin, *.pt...) are refused with the command that converts them.
  static TensorFile open(const std::filesystem::path& path);

  // Tensors that are in memory already, to be read as those of a file: what is got is the tensor
  // itself, with the gradient it may have.
  static TensorFile in_memory(const NamedTensors& tensors);

  TensorFile(TensorFile&&) noexcept;
  TensorFile& operator=(TensorFile&&) noexcept;
  ~TensorFile();

  const std::vector<std::string>& names() const;  // sorted
  bool contains(const std::string& name) const;
  at::Tensor get(const std::string& name) const;
  // A weight: also checks the shape, and that the elements are floating-point numbers (those of a
  // quantised checkpoint are not).
  at::Tensor get(const std::string& name, at::IntArrayRef shape) const;
  const std::map<std::string, std::string>& metadata() const;

 private:
  struct Impl;
  explicit TensorFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Writes to a temporary file beside path, syncs it and renames it. Tensors may be on any device and
// non-contiguous. They lie in the given order, end to end, wider types before narrower ones (each
// is then aligned to its elements).
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

// A tensor that is made when it is written, so that a model that is converted need not fit into
// memory.
struct TensorSource {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape = {};
  std::function<at::Tensor()> make = {};  // of this type and shape
};
using TensorSources = std::vector<TensorSource>;
TensorSources sources_of(const NamedTensors& tensors);

// Largest file of a folder of weights, as in transformers.
inline constexpr std::uint64_t kShardBytes = 5'000'000'000;

// A model's weights: model.safetensors, or, above max_shard_bytes, files of at most that size (but
// of one tensor at least) with model.safetensors.index.json, which comes last. What the folder held
// before is replaced: it has the old weights, none or the new ones, never some of each.
void write_weights(const std::filesystem::path& dir, const NamedTensors& tensors,
                   std::uint64_t max_shard_bytes = kShardBytes);
void stream_weights(const std::filesystem::path& dir, const TensorSources& tensors,
                    std::uint64_t max_shard_bytes = kShardBytes);

// Throws UsageError where path is a file of pickled weights, with the command that converts it.
void refuse_pickle(const std::filesystem::path& path);

}  // namespace alarm_dist
