// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <span>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/tensor_file.hpp"

#include "store/atomic_writer.hpp"
#include "store/tensor_type.hpp"

namespace alarm_dist {
namespace {

using Ordered = std::vector<const std::pair<std::string, at::Tensor>*>;

// Widest elements first, so that each tensor is aligned to its element; then by name, so that equal
// content gives equal bytes.
Ordered file_order(const NamedTensors& tensors) {
  Ordered ordered;
  for (const auto& named : tensors) ordered.push_back(&named);
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    const auto width_a = a->second.element_size(), width_b = b->second.element_size();
    return width_a != width_b ? width_a > width_b : a->first < b->first;
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
  std::size_t offset = 0;
  for (const auto* named : ordered) {
    const auto& [name, tensor] = *named;
    const auto type = tensor_type_name(tensor.scalar_type());
    ALARM_CHECK(type.has_value(), "{}: tensor '{}': safetensors has no type for {}", path.string(),
                name, c10::toString(tensor.scalar_type()));
    ALARM_CHECK(name != "__metadata__" && !header.contains(name),
                "{}: cannot write two tensors named '{}'", path.string(), name);
    const std::size_t end = offset + tensor.nbytes();
    header[name] = {
        {"dtype", *type}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = dump(path, header);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const auto ordered = file_order(tensors);
  const std::string header = header_text(path, ordered, metadata);
  AtomicWriter writer(path);
  const std::uint64_t length = header.size();
  writer.write(std::as_bytes(std::span(&length, 1)));
  writer.write(std::as_bytes(std::span(header)));
  for (const auto* named : ordered) {
    const at::Tensor host = named->second.detach().cpu().contiguous();
    writer.write({static_cast<const std::byte*>(host.data_ptr()), host.nbytes()});
  }
  writer.commit();
}

}  // namespace alarm_dist
