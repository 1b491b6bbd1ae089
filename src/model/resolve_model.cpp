// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "alarm/base/digest.hpp"
#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/gguf_import.hpp"
#include "model/model_files.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

bool is_gguf(const fs::path& model) { return model.extension() == ".gguf"; }

bool has_type(const fs::path& dir, at::ScalarType dtype) {
  const auto file = TensorFile::open(dir);
  return std::ranges::all_of(
      file.names(), [&](const auto& name) { return file.get(name).scalar_type() == dtype; });
}

std::string source_digest(const fs::path& model) {
  if (is_gguf(model)) return digest_file(model);
  std::vector<std::string> parts;
  for (const auto& entry : fs::directory_iterator(model)) {
    const auto& path = entry.path();
    if (path.extension() != ".safetensors" && path.extension() != ".json") continue;
    parts.push_back(path.filename().string() + digest_file(path));
  }
  std::ranges::sort(parts);
  std::string all;
  for (const auto& part : parts) all += part;
  return digest(all);
}

void cast_directory(const fs::path& from, at::ScalarType dtype, const fs::path& to) {
  copy_model_files(from, to);
  auto config = nlohmann::ordered_json::parse(read_whole_file(from / "config.json"));
  for (const char* key : {"dtype", "torch_dtype"}) {
    if (config.contains(key)) config[key] = dtype_name(dtype);
  }
  write_file_atomically(to / "config.json", config.dump(2) + "\n");
  const auto file = TensorFile::open(from);
  NamedTensors tensors;
  for (const auto& name : file.names()) tensors.emplace_back(name, file.get(name).to(dtype));
  write_safetensors(to / "model.safetensors", tensors, {{"format", "pt"}});
}

// Made beside and renamed: complete or absent.
void make_copy(const fs::path& model, at::ScalarType dtype, const fs::path& target) {
  fs::path partial = target;
  partial += ".partial";
  fs::remove_all(partial);
  fs::create_directories(partial);
  if (is_gguf(model)) {
    import_gguf(model, dtype, partial);
  } else {
    cast_directory(model, dtype, partial);
  }
  fs::rename(partial, target);
}

}  // namespace

fs::path resolve_model(const fs::path& model, at::ScalarType dtype, const fs::path& cache_dir) {
  ALARM_CHECK(fs::exists(model),
              "{}: there is no such model; expected a Hugging Face directory or a .gguf file",
              model.string());
  ALARM_CHECK(is_gguf(model) || fs::is_directory(model),
              "{}: expected a Hugging Face directory or a .gguf file", model.string());
  if (!is_gguf(model) && has_type(model, dtype)) return model;
  fs::path name = model.has_filename() ? model.filename() : model.parent_path().filename();
  if (is_gguf(model)) name = model.stem();
  const auto target =
      cache_dir /
      fmt::format("{}-{}-{}", name.string(), source_digest(model).substr(0, 16), dtype_name(dtype));
  if (fs::exists(target)) return target;
  fs::create_directories(cache_dir);
  const FileLock one_process(target);
  if (fs::exists(target)) return target;
  log::info("converting {} to {} in {}", model.string(), dtype_name(dtype), target.string());
  make_copy(model, dtype, target);
  return target;
}

}  // namespace alarm_dist
