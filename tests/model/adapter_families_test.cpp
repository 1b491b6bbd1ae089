// SPDX-License-Identifier: Apache-2.0
// An adapter of each family, written in PEFT's layout, read again and merged from its files alone:
// three ways to the same numbers. That PEFT reads the files and computes the same is what
// tests/golden/check_peft.py looks at (ALARM_KEEP_FAMILIES=DIR keeps them for it).
#include <cstdlib>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "alarm/model/convert.hpp"
#include "alarm/model/peft_adapter.hpp"

#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
namespace fs = std::filesystem;

at::Tensor logits_of(const CausalLm& model, Adapter adapter) {
  RaggedBatch batch;
  batch.add(kFamilyPrompts[0]);
  return model.logits(model.hidden(batch, adapter), adapter).detach();
}

class AdapterOfFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(AdapterOfFamily, SurvivesItsFiles) {
  const TempDir temp;
  const char* keep = std::getenv("ALARM_KEEP_FAMILIES");
  const auto folder = (keep != nullptr ? fs::path(keep) : temp.path()) / GetParam();
  const auto base = write_family(GetParam(), folder / "base");
  const auto model = load_family(base, at::kDouble, FamilyAdapter::kGolden);
  const auto expected = logits_of(*model, Adapter::kOn);

  model->save_adapter(folder / "adapter");
  write_safetensors(folder / "logits.safetensors", {{"logits", expected}});
  convert_model(
      base, {.dtype = at::kDouble, .adapter = folder / "adapter", .place = AdapterPlace::kMerged},
      folder / "merged");

  const auto read = load_with_adapter(base, {.dtype = at::kDouble}, folder / "adapter");
  const auto merged =
      CausalLm::load(folder / "merged", {.dtype = at::kDouble, .trained = Trained::kNothing});
  EXPECT_EQ(max_difference(logits_of(*read, Adapter::kOn), expected), 0);
  EXPECT_LT(max_difference(logits_of(*merged, Adapter::kOff), expected), 1e-9);
  EXPECT_GT(max_difference(logits_of(*model, Adapter::kOff), expected), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Model, AdapterOfFamily,
                         ::testing::Values("llama", "mistral", "qwen2", "qwen3", "gpt2",
                                           "gpt_neox"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace alarm_dist
