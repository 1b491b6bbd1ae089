// SPDX-License-Identifier: Apache-2.0
#include "store/safetensors_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include <ATen/core/Tensor.h>
#include <c10/util/accumulate.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "store/atomic_writer.hpp"
#include "store/tensor_type.hpp"

namespace alarm_dist {
namespace {

using Ordered = std::vector<const TensorSource*>;

// Widest elements first, so that each tensor is aligned to its elements; else the caller's order,
// which puts side by side what is read as one matrix.
Ordered file_order(const TensorSources& tensors) {
  Ordered ordered;
  for (const auto& tensor : tensors) ordered.push_back(&tensor);
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    return c10::elementSize(a->type) > c10::elementSize(b->type);
  });
  return ordered;
}

std::string dump(const std::filesystem::path& path, const nlohmann::ordered_json& header) {
  try {
    return header.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(
        fmt::format("{}: cannot write names or metadata that are not UTF-8", path.string()));
  }
}

std::string header_text(const std::filesystem::path& path, const Ordered& ordered,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto* tensor : ordered) {
    const auto& name = tensor->name;
    const auto type = tensor_type_name(tensor->type);
    ALARM_CHECK(type.has_value(), "{}: tensor '{}': safetensors has no type for {}", path.string(),
                name, c10::toString(tensor->type));
    ALARM_CHECK(name != "__metadata__" && !header.contains(name),
                "{}: cannot write two tensors named '{}'", path.string(), name);
    const std::uint64_t end = offset + bytes_of(*tensor);
    header[name] = {{"dtype", *type}, {"shape", tensor->shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = dump(path, header);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

void write_tensor(const std::filesystem::path& path, const TensorSource& source,
                  AtomicWriter& writer) {
  const at::Tensor made = source.make();
  ALARM_CHECK(made.scalar_type() == source.type && made.sizes() == at::IntArrayRef(source.shape),
              "{}: tensor '{}': announced as {} of shape [{}], made as {} of shape [{}]",
              path.string(), source.name, c10::toString(source.type), fmt::join(source.shape, ", "),
              c10::toString(made.scalar_type()), fmt::join(made.sizes(), ", "));
  const at::Tensor host = made.detach().cpu().contiguous();
  writer.write({static_cast<const std::byte*>(host.data_ptr()), host.nbytes()});
}

}  // namespace

void stream_safetensors(const std::filesystem::path& path, const TensorSources& tensors,
                        const std::map<std::string, std::string>& metadata) {
  const auto ordered = file_order(tensors);
  const std::string header = header_text(path, ordered, metadata);
  AtomicWriter writer(path);
  const std::uint64_t length = header.size();
  writer.write(std::as_bytes(std::span(&length, 1)));
  writer.write(std::as_bytes(std::span(header)));
  for (const auto* tensor : ordered) write_tensor(path, *tensor, writer);
  writer.commit();
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  stream_safetensors(path, sources_of(tensors), metadata);
}

TensorSources sources_of(const NamedTensors& tensors) {
  TensorSources sources;
  for (const auto& [name, tensor] : tensors) {
    sources.push_back({.name = name,
                       .type = tensor.scalar_type(),
                       .shape = tensor.sizes().vec(),
                       .make = [made = tensor] { return made; }});
  }
  return sources;
}

std::uint64_t bytes_of(const TensorSource& tensor) {
  return static_cast<std::uint64_t>(c10::multiply_integers(tensor.shape)) *
         c10::elementSize(tensor.type);
}

}  // namespace alarm_dist
