// SPDX-License-Identifier: Apache-2.0
#include "model/convert_model.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/ops/add.h>
#include <fmt/ranges.h>

#include "alarm/base/error.hpp"
#include "alarm/model/convert.hpp"
#include "alarm/model/peft_adapter.hpp"
#include "alarm/model/reward_head.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/checkpoint_names.hpp"
#include "model/draft_folder.hpp"
#include "model/families.hpp"
#include "model/gguf_import.hpp"
#include "model/model_files.hpp"
#include "model/peft_names.hpp"
#include "model/score_names.hpp"
#include "model/weight_order.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;
using Changes = std::map<std::string, PeftChange>;

constexpr const char* kAdapterFolder = "adapter";

// In float32 at least, or in the wider of both types.
at::Tensor changed(const at::Tensor& stored, const PeftChange& change, at::ScalarType dtype) {
  const auto type = c10::promoteTypes(c10::promoteTypes(stored.scalar_type(), at::kFloat), dtype);
  return at::add(stored.to(type), change.value(type));
}

void check_change(const fs::path& adapter, const std::string& name, const at::Tensor& stored,
                  const PeftChange& change) {
  ALARM_CHECK(
      stored.is_floating_point() && stored.sizes() == at::IntArrayRef(change.shape()),
      "{}: the adapter changes '{}' as numbers of shape [{}], the model has {} of shape [{}]",
      adapter.string(), name, fmt::join(change.shape(), ", "), c10::toString(stored.scalar_type()),
      fmt::join(stored.sizes(), ", "));
}

// A tensor in another type, what an adapter changes added before it is rounded; integers stay.
TensorSource converted(const std::string& name, const at::Tensor& stored,
                       const std::optional<PeftChange>& change, at::ScalarType dtype) {
  const auto type = stored.is_floating_point() ? dtype : stored.scalar_type();
  return {.name = name, .type = type, .shape = stored.sizes().vec(), .make = [=] {
            return (change ? changed(stored, *change, type) : stored).to(type);
          }};
}

// An adapter of a model with a head calls the trunk's modules "transformer.h.0..."; a checkpoint of
// the bare trunk calls them "h.0...".
Changes read_changes(const fs::path& adapter, const TensorFile& file) {
  Changes changes;
  if (adapter.empty()) return changes;
  for (const auto& [name, change] : peft_changes(adapter)) {
    const auto bare = name.substr(name.find('.') + 1);
    changes.emplace(!file.contains(name) && file.contains(bare) ? bare : name, change);
  }
  return changes;
}

void expect_none_left(const Changes& changes, const fs::path& adapter, const fs::path& model) {
  ALARM_CHECK(changes.empty(), "{}: the adapter changes '{}', which is not in {}", adapter.string(),
              changes.begin()->first, model.string());
}

// Throws Error naming the tensor that the adapter would change and the model has not, or has in
// another shape.
void check_adapter(const fs::path& adapter, const fs::path& model) {
  const auto file = TensorFile::open(model);
  auto changes = read_changes(adapter, file);
  for (const auto& name : file.names()) {
    if (const auto found = changes.extract(name))
      check_change(adapter, name, file.get(name), found.mapped());
  }
  expect_none_left(changes, adapter, model);
}

// The score head that comes with an adapter; the model must be a decoder of its width.
NamedTensors read_score_head(const fs::path& adapter, const fs::path& model) {
  if (adapter.empty()) return {};
  auto head = peft_score_head(adapter);
  if (head.empty()) return head;
  ALARM_CHECK(is_decoder_folder(model),
              "{}: an adapter with a score head is merged into decoders only, and {} is none",
              adapter.string(), model.string());
  const auto hidden = read_decoder_spec(model).shape.hidden;
  for (const auto& [name, tensor] : head) {
    const bool weight = name.ends_with(".weight");
    ALARM_CHECK(weight ? tensor.dim() == 2 && tensor.size(1) == hidden : tensor.dim() == 1,
                "{}: '{}': expected shape [{}], found [{}]", adapter.string(), name,
                weight ? fmt::format("labels, {}", hidden) : "labels",
                fmt::join(tensor.sizes(), ", "));
  }
  return head;
}

void write_directory(const fs::path& from, at::ScalarType dtype, const fs::path& adapter,
                     const fs::path& to) {
  const auto file = TensorFile::open(from);
  check_tensor_names(from, file);
  auto changes = read_changes(adapter, file);
  const auto head = read_score_head(adapter, from);
  TensorSources tensors;
  for (const auto& name : in_fused_order(file.names())) {
    if (!head.empty() && is_head_tensor(name)) continue;  // its place is taken
    const auto stored = file.get(name);                   // a view: nothing is read yet
    std::optional<PeftChange> change;
    if (const auto found = changes.extract(name)) change = found.mapped();
    if (change) check_change(adapter, name, stored, *change);
    tensors.push_back(converted(name, stored, change, dtype));
  }
  expect_none_left(changes, adapter, from);
  for (const auto& [name, tensor] : head)
    tensors.push_back(converted(name, tensor, std::nullopt, dtype));
  write_model_directory(from, tensors, to);
  if (!head.empty()) name_classifier(to / "config.json", head.front().second.size(0));
}

void copy_adapter(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const char* name : {kPeftConfig, kPeftTensors}) fs::copy_file(from / name, to / name);
}

}  // namespace

bool is_gguf(const fs::path& model) { return model.extension() == ".gguf"; }

void check_is_model(const fs::path& model) {
  ALARM_CHECK(fs::exists(model),
              "{}: there is no such model; expected a Hugging Face directory or a .gguf file",
              model.string());
  if (fs::is_directory(model)) return;
  refuse_pickle(model);
  ALARM_CHECK(is_gguf(model), "{}: expected a Hugging Face directory or a .gguf file",
              model.string());
}

void write_converted(const fs::path& model, at::ScalarType dtype, const fs::path& adapter,
                     const fs::path& dir) {
  if (!is_gguf(model)) {
    write_directory(model, dtype, adapter, dir);
  } else if (adapter.empty()) {
    import_gguf(model, dtype, dir);
  } else {
    const DraftFolder whole(dir / "whole");
    import_gguf(model, at::kFloat, whole.path());
    write_directory(whole.path(), dtype, adapter, dir);
  }
}

void convert_model(const fs::path& model, const Conversion& conversion, const fs::path& out) {
  const auto check_absent = [&] {
    if (fs::exists(out)) throw UsageError(fmt::format("{} exists already", out.string()));
  };
  check_absent();
  check_is_model(model);
  const auto hidden = hidden_beside(out);
  fs::create_directories(hidden.parent_path());
  const FileLock one_process(hidden);
  check_absent();  // another process made it meanwhile
  const bool merged = conversion.place == AdapterPlace::kMerged;
  const DraftFolder draft(out);
  if (!conversion.adapter.empty()) peft_changes(conversion.adapter);  // damaged: said at once
  const bool beside = !conversion.adapter.empty() && !merged;
  if (beside && !is_gguf(model)) check_adapter(conversion.adapter, model);
  write_converted(model, conversion.dtype, merged ? conversion.adapter : fs::path(), draft.path());
  if (beside) {
    // A GGUF file has other names: what was made of it has those that the adapter means.
    if (is_gguf(model)) check_adapter(conversion.adapter, draft.path());
    copy_adapter(conversion.adapter, draft.path() / kAdapterFolder);
  }
  draft.commit(draft.path());
}

}  // namespace alarm_dist
