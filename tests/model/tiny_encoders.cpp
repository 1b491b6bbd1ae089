// SPDX-License-Identifier: Apache-2.0
#include "model/tiny_encoders.hpp"

#include <nlohmann/json.hpp>

#include "alarm/store/tensor_file.hpp"

#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

constexpr const char* kListing = "encoders.json";

std::filesystem::path data_dir() { return source_dir() / "tests/data/model"; }

nlohmann::json entry_of(const std::string& variant) {
  return nlohmann::json::parse(read_file(data_dir() / kListing)).at(variant);
}

}  // namespace

std::filesystem::path write_encoder(const std::string& variant, const std::filesystem::path& dir,
                                    const std::string& changes) {
  return write_variant(kListing, variant, dir, changes);
}

std::vector<EncoderInput> encoder_inputs(const std::string& variant) {
  std::vector<EncoderInput> inputs;
  const auto entry = entry_of(variant);
  for (const auto& listed : entry.at("inputs")) {
    inputs.push_back({.tokens = listed.at("tokens"), .types = listed.at("types")});
    if (listed.contains("global"))
      inputs.back().global = listed.at("global").get<std::vector<std::int64_t>>();
  }
  return inputs;
}

bool encoder_has_head(const std::string& variant) {
  return entry_of(variant).at("config").contains("num_labels");
}

at::Tensor encoder_golden(const std::string& variant, const std::string& key) {
  return TensorFile::open(data_dir() / "encoders_expected.safetensors").get(variant + "." + key);
}

}  // namespace alarm_dist::testing
