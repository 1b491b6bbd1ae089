// SPDX-License-Identifier: Apache-2.0
// The tiny checkpoints of tests/golden/make_families.py, written from their formula, and what
// transformers computed with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"

#include "model/compare.hpp"

namespace alarm_dist::testing {

using Tokens = std::vector<std::int64_t>;

inline const std::vector<Tokens> kFamilyPrompts = {{5, 17, 39, 3, 25, 8, 41}, {30, 2, 11}};
inline const std::vector<Tokens> kFamilyResponses = {{7, 7, 19}, {10, 2}, {44, 31, 12, 20, 5}};

// Names and shapes of the tensors that transformers writes for the variant.
std::map<std::string, std::vector<std::int64_t>> family_tensors(const std::string& variant);
// A checkpoint of float64 weights in the folder, which is made; returns the folder. `changes` is a
// JSON object whose keys replace those of config.json.
std::filesystem::path write_family(const std::string& variant, const std::filesystem::path& dir,
                                   const std::string& changes = "{}");
// The same for a variant of another listing of tests/data/model.
std::filesystem::path write_variant(const std::string& listing, const std::string& variant,
                                    const std::filesystem::path& dir, const std::string& changes);
at::Tensor family_weight(const std::string& name, at::IntArrayRef shape);
at::Tensor family_golden(const std::string& variant, const std::string& key);

at::Tensor family_gradients(const std::string& variant);  // of every weight, for expect_gradients

enum class FamilyAdapter { kNone, kGolden };
std::unique_ptr<CausalLm> load_family(const std::filesystem::path& dir, at::ScalarType dtype,
                                      FamilyAdapter adapter = FamilyAdapter::kNone);

}  // namespace alarm_dist::testing
