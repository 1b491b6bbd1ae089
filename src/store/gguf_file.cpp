// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"
#include "alarm/store/gguf.hpp"

#include "store/gguf_parser.hpp"
#include "store/mapped_file.hpp"

namespace alarm_dist {
namespace {

const char* describe(const GgufValue& value) {
  static constexpr const char* kNames[] = {
      "an integer",         "a number",          "a truth value",    "a string",
      "a list of integers", "a list of numbers", "a list of strings"};
  return kNames[value.index()];
}

}  // namespace

struct GgufFile::Impl {
  std::shared_ptr<const MappedFile> file;
  GgufContent content;
  std::map<std::string, const GgufTensor*> by_name;

  const GgufValue& find(const std::string& key) const {
    const auto found = content.metadata.find(key);
    ALARM_CHECK(found != content.metadata.end(), "{}: metadata key '{}' is missing",
                file->path().string(), key);
    return found->second;
  }

  template <typename T>
  const T& get(const std::string& key) const {
    const auto& value = find(key);
    const auto* wanted = std::get_if<T>(&value);
    ALARM_CHECK(wanted != nullptr, "{}: metadata key '{}': expected {}, found {}",
                file->path().string(), key, describe(T{}), describe(value));
    return *wanted;
  }

  const GgufTensor& tensor(const std::string& name) const {
    const auto found = by_name.find(name);
    ALARM_CHECK(found != by_name.end(), "{}: tensor '{}' is missing", file->path().string(), name);
    return *found->second;
  }
};

GgufFile GgufFile::open(const std::filesystem::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->file = MappedFile::open(path);
  impl->content = parse_gguf(*impl->file);
  for (const auto& tensor : impl->content.tensors) impl->by_name.emplace(tensor.name, &tensor);
  return GgufFile(std::move(impl));
}

GgufFile::GgufFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GgufFile::GgufFile(GgufFile&&) noexcept = default;
GgufFile& GgufFile::operator=(GgufFile&&) noexcept = default;
GgufFile::~GgufFile() = default;

const std::filesystem::path& GgufFile::path() const { return impl_->file->path(); }

bool GgufFile::has(const std::string& key) const { return impl_->content.metadata.contains(key); }

std::int64_t GgufFile::integer(const std::string& key) const {
  return impl_->get<std::int64_t>(key);
}

double GgufFile::number(const std::string& key) const {
  const auto* whole = std::get_if<std::int64_t>(&impl_->find(key));
  return whole != nullptr ? static_cast<double>(*whole) : impl_->get<double>(key);
}

bool GgufFile::flag(const std::string& key) const { return impl_->get<bool>(key); }

const std::string& GgufFile::text(const std::string& key) const {
  return impl_->get<std::string>(key);
}

const std::vector<std::string>& GgufFile::texts(const std::string& key) const {
  return impl_->get<std::vector<std::string>>(key);
}

const std::vector<std::int64_t>& GgufFile::integers(const std::string& key) const {
  return impl_->get<std::vector<std::int64_t>>(key);
}

const std::vector<double>& GgufFile::numbers(const std::string& key) const {
  return impl_->get<std::vector<double>>(key);
}

std::vector<std::string> GgufFile::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : impl_->content.metadata) keys.push_back(key);
  return keys;
}

std::vector<std::string> GgufFile::tensor_names() const {
  std::vector<std::string> names;
  for (const auto& tensor : impl_->content.tensors) names.push_back(tensor.name);
  return names;
}

bool GgufFile::contains(const std::string& tensor) const { return impl_->by_name.contains(tensor); }

std::string GgufFile::quantization(const std::string& tensor) const {
  return std::string(impl_->tensor(tensor).type->name);
}

const std::vector<std::int64_t>& GgufFile::shape(const std::string& tensor) const {
  return impl_->tensor(tensor).shape;
}

at::Tensor GgufFile::dequantize(const std::string& tensor) const {
  const auto& stored = impl_->tensor(tensor);
  const auto& type = *stored.type;
  ALARM_CHECK(type.dequantize != nullptr, "{}: tensor '{}' is {}, expected one of {}",
              path().string(), tensor, type.name, readable_gguf_types());
  at::Tensor values = at::empty(stored.shape, at::kFloat);
  auto* out = values.mutable_data_ptr<float>();
  constexpr std::int64_t kElementsPerTask = 1 << 18;
  at::parallel_for(0, stored.blocks, kElementsPerTask / type.block_elements,
                   [&](std::int64_t begin, std::int64_t end) {
                     type.dequantize(stored.bytes.data() + begin * type.block_bytes, end - begin,
                                     out + begin * type.block_elements);
                   });
  return values;
}

}  // namespace alarm_dist
