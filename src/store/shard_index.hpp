// SPDX-License-Identifier: Apache-2.0
// model.safetensors.index.json: which file of a folder holds which tensors.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace alarm_dist {

// Tensors by shard, the name of a file beside the index.
using ShardIndex = std::map<std::string, std::set<std::string>>;

// Throws Error naming the index and the tensor or shard: a malformed entry, a shard that is not on
// the disk, a number out of "-00001-of-00003" that no tensor is in.
ShardIndex read_shard_index(const std::filesystem::path& file);

// "model-00001-of-00003.safetensors"
std::string shard_name(std::size_t number, std::size_t count);

}  // namespace alarm_dist
