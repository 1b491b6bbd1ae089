// SPDX-License-Identifier: Apache-2.0
// Heads on decoders against transformers' classification models, by tests/golden/make_families.py.
#include "alarm/model/reward_head.hpp"

#include <cstdlib>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::HasSubstr;

RaggedBatch both_prompts() {
  RaggedBatch batch;
  for (const auto& prompt : kFamilyPrompts) batch.add(prompt);
  return batch;
}

class RewardModel : public ::testing::TestWithParam<const char*> {};

TEST_P(RewardModel, ScoresTheLastTokenAsTransformersDoes) {
  const TempDir temp;
  const auto dir = write_family(GetParam(), temp / "model");
  const auto trunk = load_family(dir, at::kDouble);
  const auto head = ScoreHead::load(dir, *trunk);

  const auto scores = score_sequences(*trunk, head, both_prompts(), Adapter::kOn);

  EXPECT_EQ(head.trainable().size(), 1U) << "without a bias";
  EXPECT_EQ(scores.sizes(), at::IntArrayRef({2, 1}));
  EXPECT_LT(max_difference(scores.detach(), family_golden(GetParam(), "logits")), 1e-9);
}

TEST_P(RewardModel, SharedPromptsAreScoredAtTheEndOfEachSequence) {
  const TempDir temp;
  const auto dir = write_family(GetParam(), temp / "model");
  const auto trunk = load_family(dir, at::kDouble);
  const auto head = ScoreHead::load(dir, *trunk);
  RaggedBatch shared;
  const int begin = shared.add(Tokens{5, 17, 39});
  shared.add(Tokens{1}, begin);
  shared.add(Tokens{3, 25, 8, 41}, begin);
  shared.add(Tokens{}, shared.add(kFamilyPrompts[1]));

  const auto scores = score_sequences(*trunk, head, shared, Adapter::kOn).detach();

  ASSERT_EQ(scores.size(0), 3);
  EXPECT_LT(max_difference(scores.narrow(0, 1, 2), family_golden(GetParam(), "logits")), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Golden, RewardModel,
                         ::testing::Values("llama_reward", "gpt2_reward", "gpt_neox_reward"),
                         [](const auto& suite) { return std::string(suite.param); });

// transformers takes the token for padding wherever it ends a text; UltraRM's class does not.
TEST(RewardModelThatNamesPadding, IsReadAtTheLastTokenThatIsNone) {
  const TempDir temp;
  const auto dir = write_family("llama_reward", temp / "model", R"({"pad_token_id": 41})");
  const auto other = write_family("llama_reward", temp / "other",
                                  R"({"pad_token_id": 41, "architectures": ["LlamaRewardModel"]})");
  const auto trunk = load_family(dir, at::kDouble);
  const auto head = ScoreHead::load(dir, *trunk);
  RaggedBatch padded, bare;
  const int begin = padded.add(Tokens{5, 17, 41});
  padded.add(Tokens{41, 41}, begin);        // through a shared beginning
  padded.add(Tokens{3, 41, 8, 41}, begin);  // not within a text
  padded.add(Tokens{41, 41});               // nothing but padding
  bare.add(Tokens{5, 17});
  bare.add(Tokens{5, 17, 41, 3, 41, 8});
  bare.add(Tokens{41});
  const auto last = ScoreHead::load(other, *trunk);

  const auto scores = score_sequences(*trunk, head, padded, Adapter::kOn).detach();

  EXPECT_LT(max_difference(scores, score_sequences(*trunk, last, bare, Adapter::kOn).detach()),
            1e-12);
  EXPECT_EQ(head.read_place(Tokens{7, 41, 9, 41}), 2U);
  EXPECT_EQ(last.read_place(Tokens{7, 41, 9, 41}), 3U);
}

class TokenClassifier : public ::testing::TestWithParam<const char*> {};

TEST_P(TokenClassifier, ScoresEachTokenAsTransformersDoes) {
  const TempDir temp;
  const auto dir = write_family(GetParam(), temp / "model");
  const auto trunk = load_family(dir, at::kDouble);
  const auto head = ScoreHead::load(dir, *trunk);

  const auto scores = score_each_token(*trunk, head, both_prompts(), Adapter::kOn);

  EXPECT_EQ(head.trainable().size(), 2U) << "with a bias";
  EXPECT_EQ(head.labels(), 3);
  EXPECT_LT(max_difference(scores.detach(), family_golden(GetParam(), "logits")), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Golden, TokenClassifier,
                         ::testing::Values("mistral_tokens", "gpt2_tokens"),
                         [](const auto& suite) { return std::string(suite.param); });

// The head of UltraRM, which transformers has no class for: Llama's classifier by another name.
TEST(RewardModelOfThePaper, IsReadByItsOwnNames) {
  const TempDir temp;
  const auto dir =
      write_family("llama_reward", temp / "model", R"({"architectures": ["LlamaRewardModel"]})");
  const auto file = TensorFile::open(dir);
  NamedTensors renamed;
  for (const auto& name : file.names())
    renamed.emplace_back(name == "score.weight" ? "regression_head.weight" : name,
                         file.get(name).clone());
  write_safetensors(dir / "model.safetensors", renamed);
  const auto trunk = load_family(dir, at::kDouble);
  const auto head = ScoreHead::load(dir, *trunk);

  const auto scores = score_sequences(*trunk, head, both_prompts(), Adapter::kOn);

  EXPECT_EQ(head.trainable().front().first, "regression_head.weight");
  EXPECT_LT(max_difference(scores.detach(), family_golden("llama_reward", "logits")), 1e-9);
}

TEST(RewardModelTrunk, SaysThatItHasNoHeadForTheVocabulary) {
  const TempDir temp;
  const auto trunk = load_family(write_family("llama_reward", temp / "model"), at::kDouble);

  try {
    trunk->logits(trunk->hidden(both_prompts(), Adapter::kOn), Adapter::kOn);
    FAIL() << "there is no lm_head";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("lm_head.weight"));
  }
}

TEST(NewScoreHead, LearnsAndIsSavedWithItsTrunk) {
  const TempDir temp;
  const auto trunk =
      load_family(write_family("llama", temp / "model"), at::kDouble, FamilyAdapter::kGolden);
  const auto head = ScoreHead::draw(*trunk, 1, ScoreHead::Bias::kZero, 7);

  const auto scores = score_sequences(*trunk, head, both_prompts(), Adapter::kOn);
  scores.sum().backward();
  const char* exports = std::getenv("ALARM_EXPORT_FAMILIES");  // see families_test.cpp
  const auto dir = exports == nullptr ? temp / "saved" : std::filesystem::path(exports) / "reward";
  save_reward_model(*trunk, head, dir);
  if (exports != nullptr)
    write_safetensors(dir / "scores.safetensors", {{"scores", scores.detach()}});

  for (const auto& [name, tensor] : head.trainable())
    EXPECT_GT(tensor.grad().norm().item<double>(), 0) << name;
  const auto saved = load_family(dir, at::kDouble);
  const auto again = ScoreHead::load(dir, *saved);
  EXPECT_LT(max_difference(score_sequences(*saved, again, both_prompts(), Adapter::kOn).detach(),
                           scores.detach()),
            1e-12);
  EXPECT_FALSE(TensorFile::open(dir / "model.safetensors").contains("lm_head.weight"));
  EXPECT_THAT(read_file(dir / "config.json"), HasSubstr("LlamaForSequenceClassification"));
}

}  // namespace
}  // namespace alarm_dist
