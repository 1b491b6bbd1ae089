// SPDX-License-Identifier: Apache-2.0
#include "alarm/store/tensor_file.hpp"

#include <set>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/ranges.h>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"
#include "alarm/store/atomic_file.hpp"

#include "store/checked_json.hpp"
#include "store/mapped_file.hpp"
#include "store/safetensors_header.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

struct Entry {
  std::shared_ptr<const MappedFile> file;
  StoredTensor stored;
};

bool is_aligned(const StoredTensor& stored) {
  return reinterpret_cast<std::uintptr_t>(stored.bytes.data()) % c10::elementSize(stored.type) == 0;
}

at::Tensor view(const Entry& entry) {
  const auto options = at::TensorOptions().dtype(entry.stored.type);
  const auto& shape = entry.stored.shape;
  if (entry.stored.bytes.empty()) return at::empty(shape, options);
  auto* data = const_cast<std::byte*>(entry.stored.bytes.data());
  if (!is_aligned(entry.stored)) {  // a writer that did not pad its header: copy
    auto copy = at::empty(shape, options);
    std::memcpy(copy.data_ptr(), data, entry.stored.bytes.size());
    return copy;
  }
  return at::from_blob(
      data, shape, [file = entry.file](void*) {}, options);
}

}  // namespace

struct TensorFile::Impl {
  std::filesystem::path path;
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> names;

  void add_file(const std::filesystem::path& file_path) {
    const auto file = MappedFile::open(file_path);
    auto header = read_safetensors_header(*file);
    metadata.merge(header.metadata);
    for (auto& [name, stored] : header.tensors)
      entries.insert_or_assign(name, Entry{file, std::move(stored)});
  }

  // Only the tensors that the index puts into the shard are taken from it.
  void add_shard(const std::filesystem::path& index, const std::string& shard,
                 const std::set<std::string>& wanted) {
    const auto shard_path = index.parent_path() / shard;
    ALARM_CHECK(std::filesystem::path(shard).filename() == shard,
                "{}: '{}' should be the name of a file beside it", index.string(), shard);
    ALARM_CHECK(std::filesystem::exists(shard_path),
                "{}: the shard {} is missing ({} tensors are in it, the first is '{}')",
                index.string(), shard_path.string(), wanted.size(), *wanted.begin());
    const auto file = MappedFile::open(shard_path);
    auto header = read_safetensors_header(*file);
    metadata.merge(header.metadata);
    for (const auto& name : wanted) {
      const auto found = header.tensors.find(name);
      ALARM_CHECK(found != header.tensors.end(),
                  "{}: tensor '{}' should be in {}, which does not hold it", index.string(), name,
                  shard_path.string());
      entries.emplace(name, Entry{file, std::move(found->second)});
    }
  }

  void add_index(const std::filesystem::path& index) {
    const auto parsed = parse_json_object(read_whole_file(index), index, "index");
    ALARM_CHECK(parsed.contains("weight_map") && parsed["weight_map"].is_object(),
                "{}: expected an object 'weight_map', found none", index.string());
    std::map<std::string, std::set<std::string>> shards;
    for (const auto& [name, shard] : parsed["weight_map"].items()) {
      ALARM_CHECK(shard.is_string(), "{}: tensor '{}': expected the name of a shard, found {}",
                  index.string(), name, shard.dump());
      shards[shard.get<std::string>()].insert(name);
    }
    for (const auto& [shard, wanted] : shards) add_shard(index, shard, wanted);
  }

  const Entry& find(const std::string& name) const {
    const auto found = entries.find(name);
    if (found != entries.end()) return found->second;
    const auto near = nearest_word(name, names);
    throw Error(fmt::format("{}: tensor '{}' is missing{}", path.string(), name,
                            near ? fmt::format(" (the nearest name there is '{}')", *near) : ""));
  }
};

TensorFile TensorFile::open(const std::filesystem::path& path) {
  ALARM_CHECK(std::filesystem::exists(path), "cannot open {}: no such file or folder",
              path.string());
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  if (!std::filesystem::is_directory(path)) {
    impl->add_file(path);
  } else if (std::filesystem::exists(path / kSingleFile)) {
    impl->path = path / kSingleFile;
    impl->add_file(impl->path);
  } else {
    impl->path = path / kIndexFile;
    ALARM_CHECK(std::filesystem::exists(impl->path), "{}: expected {} or {} in it, found neither",
                path.string(), kSingleFile, kIndexFile);
    impl->add_index(impl->path);
  }
  for (const auto& [name, entry] : impl->entries) impl->names.push_back(name);
  return TensorFile(std::move(impl));
}

TensorFile::TensorFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;
TensorFile::~TensorFile() = default;

const std::vector<std::string>& TensorFile::names() const { return impl_->names; }

bool TensorFile::contains(const std::string& name) const { return impl_->entries.contains(name); }

at::Tensor TensorFile::get(const std::string& name) const { return view(impl_->find(name)); }

at::Tensor TensorFile::get(const std::string& name, at::IntArrayRef shape) const {
  const auto& found = impl_->find(name).stored.shape;
  ALARM_CHECK(at::IntArrayRef(found) == shape, "{}: tensor '{}': expected shape [{}], found [{}]",
              impl_->path.string(), name, fmt::join(shape, ", "), fmt::join(found, ", "));
  return get(name);
}

const std::map<std::string, std::string>& TensorFile::metadata() const { return impl_->metadata; }

}  // namespace alarm_dist
