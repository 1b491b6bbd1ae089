// SPDX-License-Identifier: Apache-2.0
// Writing a model's weights into a folder, in one file or in shards.
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"

#include "store/safetensors_writer.hpp"
#include "store/shard_index.hpp"
#include "store/weights_names.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::string> kMetadata = {
    {"format", "pt"}};  // transformers asks for it

// Cuts the list where a file would grow past the limit.
std::vector<TensorSources> cut(const TensorSources& tensors, std::uint64_t max_bytes) {
  std::vector<TensorSources> shards(1);
  std::uint64_t bytes = 0;
  for (const auto& tensor : tensors) {
    const std::uint64_t size = bytes_of(tensor);
    if (bytes + size > max_bytes && !shards.back().empty()) {
      shards.emplace_back();
      bytes = 0;
    }
    shards.back().push_back(tensor);
    bytes += size;
  }
  return shards;
}

std::string index_text(const std::vector<TensorSources>& shards) {
  std::uint64_t bytes = 0, parameters = 0;
  nlohmann::ordered_json map = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    for (const auto& tensor : shards[i]) {
      map[tensor.name] = shard_name(i + 1, shards.size());
      bytes += bytes_of(tensor);
      parameters += bytes_of(tensor) / c10::elementSize(tensor.type);
    }
  }
  const nlohmann::ordered_json index = {
      {"metadata", {{"total_parameters", parameters}, {"total_size", bytes}}}, {"weight_map", map}};
  return index.dump(2) + "\n";
}

void check_distinct(const fs::path& dir, const TensorSources& tensors) {
  std::set<std::string> names;
  for (const auto& tensor : tensors) {
    ALARM_CHECK(names.insert(tensor.name).second, "{}: cannot write two tensors named '{}'",
                dir.string(), tensor.name);
  }
}

// From here on the folder's sharded weights are absent; those in one file are not touched.
void remove_index(const fs::path& dir) {
  const auto index = dir / kIndexFile;
  if (!fs::exists(index)) return;
  std::vector<std::string> shards;
  try {
    for (const auto& [shard, names] : read_shard_index(index)) shards.push_back(shard);
  } catch (const Error&) {
    // Damaged already: its shards, whichever they were, stay unread.
  }
  fs::remove(index);
  for (const auto& shard : shards) fs::remove(dir / shard);
}

}  // namespace

void write_weights(const fs::path& dir, const NamedTensors& tensors,
                   std::uint64_t max_shard_bytes) {
  stream_weights(dir, sources_of(tensors), max_shard_bytes);
}

void stream_weights(const fs::path& dir, const TensorSources& tensors,
                    std::uint64_t max_shard_bytes) {
  const auto shards = cut(tensors, max_shard_bytes);
  if (shards.size() == 1) {
    stream_safetensors(dir / kSingleFile, tensors, kMetadata);  // read before any index
    remove_index(dir);
    return;
  }
  check_distinct(dir, tensors);
  remove_index(dir);
  for (std::size_t i = 0; i < shards.size(); ++i)
    stream_safetensors(dir / shard_name(i + 1, shards.size()), shards[i], kMetadata);
  write_file_atomically(dir / kIndexFile, index_text(shards));
  fs::remove(dir / kSingleFile);
}

}  // namespace alarm_dist
