// SPDX-License-Identifier: Apache-2.0
// GGUF files of each architecture, by tests/golden/make_gguf_families.py: the weights are those of
// the families' formula under GGUF's names and in its orders.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "model/gguf_files.hpp"
#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Shorter than the windows of the families' variants, which GGUF files do not have.
at::Tensor short_logits(const CausalLm& model) {
  RaggedBatch batch;
  batch.add(Tokens{5, 17, 39, 3});
  return model.logits(model.hidden(batch, Adapter::kOn), Adapter::kOn);
}

class GgufFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufFamily, HasTheWeightsOfTheHuggingFaceModel) {
  const TempDir temp;

  import_gguf(gguf_file(GetParam()), at::kFloat, temp.path());

  const auto file = TensorFile::open(temp.path());
  const auto expected = family_tensors(GetParam());
  EXPECT_EQ(file.names().size(), expected.size());
  for (const auto& [name, shape] : expected) {
    ASSERT_TRUE(file.contains(name)) << name;
    EXPECT_TRUE(at::equal(file.get(name, shape), family_weight(name, shape).to(at::kFloat)))
        << name;
  }
}

TEST_P(GgufFamily, ComputesWhatTheHuggingFaceModelDoes) {
  const TempDir temp;
  import_gguf(gguf_file(GetParam()), at::kFloat, temp.path());
  const auto original = load_family(write_family(GetParam(), temp / "original"), at::kFloat);

  const auto imported = load_family(temp.path(), at::kFloat);

  EXPECT_LT(max_difference(short_logits(*imported), short_logits(*original)), 1e-6);
  EXPECT_EQ(imported->shape().context, original->shape().context);
}

INSTANTIATE_TEST_SUITE_P(Golden, GgufFamily,
                         ::testing::Values("llama", "llama_linear", "qwen2", "qwen3", "gpt2",
                                           "gpt_neox", "gpt_neox_sequential"),
                         [](const auto& suite) { return std::string(suite.param); });

// A file whose tensor claims fewer rows than the metadata say.
TEST(GgufWeights, AnotherShapeIsAnErrorThatNamesTheTensor) {
  const std::string tensor = "blk.0.attn_q.weight";
  auto bytes = read_file(gguf_file("llama"));
  const auto rows = bytes.find(tensor) + tensor.size() + sizeof(std::uint32_t) +
                    sizeof(std::uint64_t);  // behind the number of dimensions, and the columns
  ASSERT_EQ(bytes[rows], 16);
  bytes[rows] = 8;

  EXPECT_THAT(import_refusal("bad.gguf", bytes),
              AllOf(HasSubstr("bad.gguf: tensor '" + tensor + "': expected shape [16, "),
                    HasSubstr("found [8, ")));
}

TEST(GgufRope, DivisorsOfLlama32AreRecognised) {
  const TempDir temp;

  import_gguf(gguf_file("llama_3"), at::kFloat, temp.path());

  const auto config = read_file(temp / "config.json");
  EXPECT_THAT(config, HasSubstr("\"rope_type\": \"llama3\""));
  EXPECT_THAT(config, HasSubstr("\"factor\": 32.0"));
  EXPECT_THAT(config, HasSubstr("\"original_max_position_embeddings\": 8192"));
  EXPECT_EQ(load_family(temp.path(), at::kFloat)->shape().context, 256);
}

}  // namespace
}  // namespace alarm_dist
