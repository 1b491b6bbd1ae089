// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/base/digest.hpp"
#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/convert_model.hpp"
#include "model/draft_folder.hpp"
#include "model/gguf_import.hpp"
#include "model/model_files.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

// Counted up when conversion gives other files, so that those in a cache are not taken for them.
constexpr int kConversion = 3;

bool has_type(const fs::path& dir, at::ScalarType dtype) {
  const auto file = TensorFile::open(dir);
  return std::ranges::all_of(file.names(), [&](const auto& name) {
    const auto tensor = file.get(name);
    return tensor.scalar_type() == dtype || !tensor.is_floating_point();
  });
}

std::string source_digest(const fs::path& model) {
  std::string all = fmt::format("conversion {}\n", kConversion);
  if (is_gguf(model)) return digest(all + digest_file(model));
  std::vector<std::string> parts;
  for (const auto& entry : fs::directory_iterator(model)) {
    const auto& path = entry.path();
    if (path.extension() != ".safetensors" && !is_model_file(path.filename().string())) continue;
    parts.push_back(path.filename().string() + digest_file(path));
  }
  std::ranges::sort(parts);
  for (const auto& part : parts) all += part;
  return digest(all);
}

}  // namespace

fs::path resolve_model(const fs::path& model, at::ScalarType dtype, const fs::path& cache_dir) {
  check_is_model(model);
  if (!is_gguf(model) && has_type(model, dtype)) return model;
  fs::path name = model.has_filename() ? model.filename() : model.parent_path().filename();
  if (is_gguf(model)) name = model.stem();
  auto target = cache_dir / fmt::format("{}-{}-{}", name.string(),
                                        source_digest(model).substr(0, 16), dtype_name(dtype));
  if (fs::exists(target)) return target;
  fs::create_directories(cache_dir);
  const FileLock one_process(target);
  if (fs::exists(target)) return target;
  log::info("converting {} to {} in {}", model.string(), dtype_name(dtype), target.string());
  const DraftFolder draft(target);
  write_converted(model, dtype, {}, draft.path());
  draft.commit(draft.path());
  return target;
}

}  // namespace alarm_dist
