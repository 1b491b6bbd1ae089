// SPDX-License-Identifier: Apache-2.0
#include "store/shard_index.hpp"

#include <regex>

#include <fmt/format.h>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"

#include "store/checked_json.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

// Shards that count themselves must all be there: one that nothing names is a part of the model
// that the index has lost.
void check_numbering(const fs::path& file, const ShardIndex& index) {
  static const std::regex kNumbered(R"((.*-)(\d{5})-of-(\d{5})(\.\w+))");
  for (const auto& [shard, names] : index) {
    std::smatch parts;
    if (!std::regex_match(shard, parts, kNumbered)) continue;
    const auto count = std::stoi(parts[3]);
    for (int number = 1; number <= count; ++number) {
      const auto other =
          fmt::format("{}{:05}-of-{}{}", parts[1].str(), number, parts[3].str(), parts[4].str());
      ALARM_CHECK(index.contains(other), "{}: no tensor is in the shard {}: expected {} shards",
                  file.string(), other, count);
    }
  }
}

void check_on_disk(const fs::path& file, const ShardIndex& index) {
  for (const auto& [shard, names] : index) {
    const auto path = file.parent_path() / shard;
    ALARM_CHECK(fs::exists(path),
                "{}: the shard {} is missing ({} tensors are in it, the first is '{}')",
                file.string(), path.string(), names.size(), *names.begin());
  }
}

}  // namespace

ShardIndex read_shard_index(const fs::path& file) {
  const auto parsed = parse_json_object(read_whole_file(file), file, "index");
  ALARM_CHECK(parsed.contains("weight_map") && parsed["weight_map"].is_object(),
              "{}: expected an object 'weight_map', found none", file.string());
  ShardIndex index;
  for (const auto& [name, shard] : parsed["weight_map"].items()) {
    ALARM_CHECK(shard.is_string(), "{}: tensor '{}': expected the name of a shard, found {}",
                file.string(), name, shard.dump());
    const auto shard_file = shard.get<std::string>();
    ALARM_CHECK(!shard_file.empty() && fs::path(shard_file).filename() == shard_file,
                "{}: tensor '{}': '{}' should be the name of a file beside it", file.string(), name,
                shard_file);
    index[shard_file].insert(name);
  }
  check_numbering(file, index);
  check_on_disk(file, index);
  return index;
}

std::string shard_name(std::size_t number, std::size_t count) {
  return fmt::format("model-{:05}-of-{:05}.safetensors", number, count);
}

}  // namespace alarm_dist
