// SPDX-License-Identifier: Apache-2.0
#include "alarm/store/tensor_file.hpp"

#include <set>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/ranges.h>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

#include "store/mapped_file.hpp"
#include "store/safetensors_header.hpp"
#include "store/shard_index.hpp"
#include "store/tensor_type.hpp"
#include "store/weights_names.hpp"

namespace alarm_dist {
namespace {

struct Entry {
  std::shared_ptr<const MappedFile> file;
  StoredTensor stored;
  at::Tensor in_memory = {};  // instead of bytes of a file
};

bool is_aligned(const StoredTensor& stored) {
  return reinterpret_cast<std::uintptr_t>(stored.bytes.data()) % c10::elementSize(stored.type) == 0;
}

at::Tensor view(const Entry& entry) {
  if (entry.in_memory.defined()) return entry.in_memory;
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
  void add_shard(const std::filesystem::path& index, const std::filesystem::path& shard,
                 const std::set<std::string>& wanted,
                 std::map<std::string, std::string>& shard_of) {
    const auto file = MappedFile::open(shard);
    auto header = read_safetensors_header(*file);
    metadata.merge(header.metadata);
    for (const auto& [name, stored] : header.tensors) {
      const auto [before, added] = shard_of.emplace(name, shard.string());
      ALARM_CHECK(added, "{}: tensor '{}' is in two shards: {} and {}", index.string(), name,
                  before->second, shard.string());
    }
    for (const auto& name : wanted) {
      const auto found = header.tensors.find(name);
      ALARM_CHECK(found != header.tensors.end(),
                  "{}: tensor '{}' should be in {}, which does not hold it", index.string(), name,
                  shard.string());
      entries.emplace(name, Entry{file, std::move(found->second)});
    }
  }

  void add_index(const std::filesystem::path& index) {
    std::map<std::string, std::string> shard_of;
    for (const auto& [shard, wanted] : read_shard_index(index))
      add_shard(index, index.parent_path() / shard, wanted, shard_of);
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
    refuse_pickle(path);
    impl->add_file(path);
  } else if (std::filesystem::exists(path / kSingleFile)) {
    impl->path = path / kSingleFile;
    impl->add_file(impl->path);
  } else {
    impl->path = path / kIndexFile;
    if (!std::filesystem::exists(impl->path)) refuse_pickle(path);
    ALARM_CHECK(std::filesystem::exists(impl->path), "{}: expected {} or {} in it, found neither",
                path.string(), kSingleFile, kIndexFile);
    impl->add_index(impl->path);
  }
  for (const auto& [name, entry] : impl->entries) impl->names.push_back(name);
  return TensorFile(std::move(impl));
}

TensorFile TensorFile::in_memory(const NamedTensors& tensors) {
  auto impl = std::make_unique<Impl>();
  impl->path = "memory";
  for (const auto& [name, tensor] : tensors) {
    impl->entries.insert_or_assign(
        name,
        Entry{.file = nullptr,
              .stored = {.type = tensor.scalar_type(), .shape = tensor.sizes().vec(), .bytes = {}},
              .in_memory = tensor});
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
  const Entry& entry = impl_->find(name);
  const auto& found = entry.stored.shape;
  const auto file = entry.file ? entry.file->path().string() : impl_->path.string();
  ALARM_CHECK(at::IntArrayRef(found) == shape, "{}: tensor '{}': expected shape [{}], found [{}]",
              file, name, fmt::join(shape, ", "), fmt::join(found, ", "));
  ALARM_CHECK(at::isFloatingType(entry.stored.type),
              "{}: tensor '{}': expected floating-point numbers (F64 F32 F16 BF16), found {}", file,
              name, tensor_type_name(entry.stored.type).value_or("another type"));
  return view(entry);
}

const std::map<std::string, std::string>& TensorFile::metadata() const { return impl_->metadata; }

}  // namespace alarm_dist
