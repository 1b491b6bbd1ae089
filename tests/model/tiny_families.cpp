// SPDX-License-Identifier: Apache-2.0
#include "model/tiny_families.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <nlohmann/json.hpp>

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

fs::path data_dir() { return source_dir() / "tests/data/model"; }

const Json& listing() {
  static const Json parsed = Json::parse(read_file(data_dir() / "families.json"));
  return parsed;
}

std::uint64_t fnv1a(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  return hash;
}

std::uint64_t splitmix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

double spread_of(const std::string& name, std::size_t dimensions) {
  if (name.find("lora_") != std::string::npos) return 0.2;
  return dimensions == 2 ? 0.6 : 0.4;
}

}  // namespace

// `weights` of tests/golden/formula.py.
at::Tensor family_weight(const std::string& name, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  auto* value = tensor.mutable_data_ptr<double>();
  const bool norm = shape.size() == 1 && name.ends_with(".weight");
  const double spread = spread_of(name, shape.size());
  const auto start = fnv1a(name);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const auto x = splitmix(start + static_cast<std::uint64_t>(i + 1) * 0x9E3779B97F4A7C15ULL);
    const double uniform = static_cast<double>(x >> 11) * 0x1p-52 - 1;
    value[i] = spread * uniform + (norm ? 1.0 : 0.0);
  }
  return tensor;
}

std::map<std::string, std::vector<std::int64_t>> family_tensors(const std::string& variant) {
  return listing().at(variant).at("tensors");
}

fs::path write_variant(const std::string& listing, const std::string& variant, const fs::path& dir,
                       const std::string& changes) {
  const auto entry = Json::parse(read_file(data_dir() / listing)).at(variant);
  fs::create_directories(dir);
  Json config = entry.at("config");
  config.merge_patch(Json::parse(changes));
  write_file(dir / "config.json", config.dump(2));
  NamedTensors tensors;
  for (const auto& [name, shape] : entry.at("tensors").items())
    tensors.emplace_back(name, family_weight(name, shape.get<std::vector<std::int64_t>>()));
  write_safetensors(dir / "model.safetensors", tensors, {{"format", "pt"}});
  return dir;
}

fs::path write_family(const std::string& variant, const fs::path& dir, const std::string& changes) {
  return write_variant("families.json", variant, dir, changes);
}

at::Tensor family_golden(const std::string& variant, const std::string& key) {
  return TensorFile::open(data_dir() / "families_expected.safetensors").get(variant + "." + key);
}

at::Tensor family_gradients(const std::string& variant) {
  return TensorFile::open(data_dir() / "families_gradients.safetensors").get(variant);
}

std::unique_ptr<CausalLm> load_family(const fs::path& dir, at::ScalarType dtype,
                                      FamilyAdapter adapter) {
  CausalLmOptions options{
      .dtype = dtype,
      .trained = adapter == FamilyAdapter::kGolden ? Trained::kAdapter : Trained::kNothing};
  options.adapter.rank = 2;
  options.adapter.alpha = 4;
  auto model = CausalLm::load(dir, options);
  for (auto& [name, tensor] : model->trainable())
    tensor.detach().copy_(family_weight(name, tensor.sizes()));
  return model;
}

}  // namespace alarm_dist::testing
