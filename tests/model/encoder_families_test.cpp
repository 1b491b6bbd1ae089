// SPDX-License-Identifier: Apache-2.0
// Encoders of every family and head against transformers, by tests/golden/make_encoders.py.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/model/encoder.hpp"

#include "model/compare.hpp"
#include "model/disentangled_attention.hpp"
#include "model/tiny_encoders.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;

class EncoderFamily : public ::testing::TestWithParam<const char*> {
 protected:
  EncoderFamily()
      : dir_(write_encoder(GetParam(), temp_ / "model")), inputs_(encoder_inputs(GetParam())) {}

  std::unique_ptr<EncoderModel> load(const EncoderOptions& options) const {
    return EncoderModel::load(dir_, options);
  }
  bool has_head() const { return encoder_has_head(GetParam()); }
  at::Tensor golden(const std::string& key) const { return encoder_golden(GetParam(), key); }
  // What the head gives, or the states where there is none in the file.
  at::Tensor output(const EncoderModel& model, const std::vector<EncoderInput>& inputs) const {
    return has_head() ? model.logits(inputs) : model.hidden(inputs);
  }
  void expect_near_golden(const EncoderModel& model, double bound) const {
    EXPECT_LT(max_difference(model.hidden(inputs_), golden("hidden")), bound);
    if (!has_head()) return;
    const auto logits = model.logits(inputs_);
    ASSERT_EQ(logits.sizes(), golden("logits").sizes());
    EXPECT_LT(max_difference(logits, golden("logits")), bound);
  }

  TempDir temp_;
  std::filesystem::path dir_;
  std::vector<EncoderInput> inputs_;
};

TEST_P(EncoderFamily, StatesAndLogitsAreThoseOfTransformersInFloat64) {
  expect_near_golden(*load({.dtype = at::kDouble}), 1e-9);
}

TEST_P(EncoderFamily, StatesAndLogitsAreThoseOfTransformersInFloat32) {
  expect_near_golden(*load({.dtype = at::kFloat}), 1e-4);
}

TEST_P(EncoderFamily, StatesInBfloat16AreNear) {
  const auto model = load({.dtype = at::kBFloat16});

  EXPECT_LT(relative_difference(model->hidden(inputs_), golden("hidden")), 0.03);
}

TEST_P(EncoderFamily, GradientsAreThoseOfTransformers) {
  const auto model = load({.dtype = at::kDouble, .train = true});
  const auto expected = golden("gradients");

  probe(output(*model, inputs_)).backward();

  auto leaves = model->trainable();
  std::erase_if(leaves, [](const auto& leaf) {
    return leaf.first.starts_with("score.");  // drawn, and not in the output
  });
  expect_gradients(leaves, expected);
}

TEST_P(EncoderFamily, ABatchGivesWhatItsSequencesGiveAlone) {
  const auto model = load({.dtype = at::kDouble});
  const bool by_token = !has_head() || model->head().kind == EncoderHead::Kind::kTokens;

  const auto together = output(*model, inputs_);

  std::int64_t row = 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const auto rows = by_token ? static_cast<std::int64_t>(inputs_[i].tokens.size()) : 1;
    EXPECT_LT(max_difference(output(*model, {inputs_[i]}), together.narrow(0, row, rows)), 1e-12)
        << i;
    row += rows;
  }
  EXPECT_EQ(row, together.size(0));
}

// BERT's first files call a norm's weight and bias gamma and beta.
TEST_P(EncoderFamily, OlderNamesOfNormsAreRead) {
  NamedTensors renamed;
  const auto file = TensorFile::open(dir_);
  for (const auto& name : file.names()) {
    auto older = name;
    for (const auto& [now, before] : {std::pair{"weight", "gamma"}, std::pair{"bias", "beta"}}) {
      const auto ending = std::string("LayerNorm.") + now;
      if (name.ends_with(ending))
        older = name.substr(0, name.size() - std::strlen(now)).append(before);
    }
    renamed.emplace_back(older, file.get(name).clone());
  }
  write_weights(dir_, renamed);

  expect_near_golden(*load({.dtype = at::kDouble}), 1e-9);
}

// With ALARM_EXPORT_ENCODERS=DIR, make_encoders.py DATA_DIR --check DIR loads what this writes.
TEST_P(EncoderFamily, SavesWhatItComputesWith) {
  const char* exports = std::getenv("ALARM_EXPORT_ENCODERS");
  const auto target =
      exports == nullptr ? temp_ / "saved" : std::filesystem::path(exports) / GetParam();
  const auto model = load({.dtype = at::kDouble, .train = true});
  for (const auto& [name, leaf] : model->trainable()) leaf.detach().mul_(1.25);
  const auto expected = output(*model, inputs_).detach();

  model->save(target);

  const auto saved = EncoderModel::load(target, {.dtype = at::kDouble});
  EXPECT_LT(max_difference(output(*saved, inputs_), expected), 1e-12);
  EXPECT_GT(max_difference(expected, golden(has_head() ? "logits" : "hidden")), 1e-3);
  const auto config = nlohmann::json::parse(read_file(target / "config.json"));
  EXPECT_EQ(config, nlohmann::json::parse(read_file(dir_ / "config.json")));
  if (exports != nullptr) write_safetensors(target / "probe.safetensors", {{"logits", expected}});
}

INSTANTIATE_TEST_SUITE_P(Golden, EncoderFamily,
                         ::testing::Values("bert_sequence", "bert_tokens", "roberta_trunk",
                                           "roberta_sequence", "roberta_tokens",
                                           "xlm_roberta_sequence", "longformer_trunk",
                                           "longformer_sequence", "longformer_tokens",
                                           "deberta_v3_sequence", "deberta_v3_tokens",
                                           "deberta_v2_sequence"),
                         [](const auto& suite) { return std::string(suite.param); });

TEST(RelativePlaces, AreThoseOfTransformersToTheEndOfLongTexts) {
  constexpr std::int64_t kLength = 512;
  for (const auto& [buckets, reach] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{256, 512}, {32, 128}, {7, 20}}) {
    const auto places_LL = relative_places_LL(kLength, {.buckets = buckets, .max_distance = reach});

    const auto expected =
        encoder_golden("places", std::to_string(buckets) + "." + std::to_string(reach))
            .to(at::kLong);
    ASSERT_EQ(expected.numel(), 2 * kLength - 1);
    EXPECT_TRUE(at::equal(places_LL.select(0, 0), expected.narrow(0, 0, kLength).flip(0)));
    EXPECT_TRUE(at::equal(places_LL.select(1, 0), expected.narrow(0, kLength - 1, kLength)));
  }
}

TEST(EncoderHeads, AreToldByKindAndLabels) {
  const TempDir temp;
  const auto head_of = [&](const char* variant) {
    return EncoderModel::load(write_encoder(variant, temp / variant), {})->head();
  };

  const auto sequence = head_of("bert_sequence"), tokens = head_of("longformer_tokens"),
             none = head_of("roberta_trunk");

  EXPECT_EQ(sequence.kind, EncoderHead::Kind::kSequence);
  EXPECT_EQ(sequence.labels, 3);
  EXPECT_EQ(tokens.kind, EncoderHead::Kind::kTokens);
  EXPECT_EQ(tokens.labels, 3);
  EXPECT_EQ(none.kind, EncoderHead::Kind::kMean);
  EXPECT_TRUE(none.drawn);
  EXPECT_FALSE(sequence.drawn || tokens.drawn);
}

TEST(EncoderHeads, AScoreIsTheLogitOfASequenceHeadWithOneLabel) {
  const TempDir temp;
  const auto model = EncoderModel::load(write_encoder("longformer_sequence", temp / "model"),
                                        {.dtype = at::kDouble});

  const auto scores_B = model->scores(encoder_inputs("longformer_sequence"));

  EXPECT_LT(max_difference(scores_B.unsqueeze(1), encoder_golden("longformer_sequence", "logits")),
            1e-9);
}

TEST(EncoderHeads, AClassifierGivesWayToAScoreIfAsked) {
  const TempDir temp;
  const auto dir = write_encoder("bert_sequence", temp / "model");
  const auto inputs = encoder_inputs("bert_sequence");

  const auto model = EncoderModel::load(dir, {.train = true, .score_head = true, .seed = 3});
  model->save(temp / "saved");

  EXPECT_EQ(model->head().kind, EncoderHead::Kind::kMean);
  EXPECT_TRUE(model->head().drawn);
  const auto saved = EncoderModel::load(temp / "saved", {});
  EXPECT_FALSE(saved->head().drawn);
  EXPECT_TRUE(at::equal(saved->scores(inputs), model->scores(inputs).detach()));
  const auto config = nlohmann::json::parse(read_file(temp / "saved/config.json"));
  EXPECT_EQ(config.at("architectures"), nlohmann::json::array({"BertModel"}));
}

TEST(EncoderHeads, ASingleScoreIsTrainedAsItIs) {
  const TempDir temp;
  const auto dir = write_encoder("roberta_sequence", temp / "model");

  const auto model = EncoderModel::load(dir, {.train = true, .score_head = true});

  EXPECT_EQ(model->head().kind, EncoderHead::Kind::kSequence);
  EXPECT_EQ(model->trainable().back().first, "classifier.out_proj.bias");
}

TEST(EncoderGlobals, TheFirstTokenIsGlobalWhereSequencesAreClassified) {
  const TempDir temp;
  const auto states = [&](const char* variant, std::optional<std::vector<std::int64_t>> global) {
    const auto model =
        EncoderModel::load(write_encoder(variant, temp / variant), {.dtype = at::kDouble});
    auto input = encoder_inputs(variant)[5];
    input.global = std::move(global);
    return model->hidden({input});
  };
  const std::vector<std::int64_t> first{0}, none;

  EXPECT_TRUE(at::equal(states("longformer_sequence", {}), states("longformer_sequence", first)));
  EXPECT_TRUE(at::equal(states("longformer_tokens", {}), states("longformer_tokens", none)));
  EXPECT_TRUE(at::equal(states("longformer_trunk", {}), states("longformer_trunk", none)));
  EXPECT_GT(max_difference(states("longformer_tokens", {}), states("longformer_tokens", first)),
            1e-3);
}

// What is saved with this program's head is a LongformerModel, whose default call has no global
// token (longformer_trunk's sequence 4 of the golden file is such a call).
TEST(EncoderGlobals, AModelThatIsTrainedHereHasTheStatesOfTransformersDefaultCall) {
  const TempDir temp;
  const auto dir = write_encoder("longformer_trunk", temp / "model");
  const auto inputs = encoder_inputs("longformer_trunk");
  ASSERT_FALSE(inputs[4].global.has_value());
  std::int64_t begin = 0;
  for (int i = 0; i < 4; ++i) begin += static_cast<std::int64_t>(inputs[i].tokens.size());
  const auto size = static_cast<std::int64_t>(inputs[4].tokens.size());

  EncoderModel::load(dir, {.dtype = at::kDouble, .train = true, .score_head = true})
      ->save(temp / "saved");
  const auto saved = EncoderModel::load(temp / "saved", {.dtype = at::kDouble});

  const auto config = nlohmann::json::parse(read_file(temp / "saved/config.json"));
  EXPECT_EQ(config.at("architectures"), nlohmann::json::array({"LongformerModel"}));
  EXPECT_FALSE(saved->head().drawn);
  const auto expected_ND = encoder_golden("longformer_trunk", "hidden").narrow(0, begin, size);
  EXPECT_LT(max_difference(saved->hidden({inputs[4]}), expected_ND), 1e-6);  // float32 weights
  const auto weights = TensorFile::open(temp / "saved");
  const auto expected =
      at::dot(expected_ND.mean(0), weights.get("score.weight").to(at::kDouble)[0]);
  EXPECT_LT(max_difference(saved->scores({inputs[4]}),
                           (expected + weights.get("score.bias").to(at::kDouble)[0]).view({1})),
            1e-6);
}

TEST(EncoderLength, PositionsBehindThePaddingTokenAreWhatIsLeft) {
  const TempDir temp;

  const auto model = EncoderModel::load(write_encoder("roberta_trunk", temp / "model"), {});

  EXPECT_EQ(model->max_positions(), 36 - 2);
}

}  // namespace
}  // namespace alarm_dist
