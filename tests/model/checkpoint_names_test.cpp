// SPDX-License-Identifier: Apache-2.0
// Files with more, or less, than their config.json describes.
#include <functional>

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/model/convert.hpp"
#include "alarm/model/encoder.hpp"

#include "model/tiny_encoders.hpp"
#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
namespace fs = std::filesystem;

// A name that the file gets, or loses.
enum class Edit { kAdd, kDrop };

void edit_tensors(const fs::path& dir, Edit edit, const std::vector<std::string>& names) {
  const auto file = TensorFile::open(dir);
  NamedTensors tensors;
  for (const auto& name : file.names()) {
    const bool named = std::ranges::find(names, name) != names.end();
    if (edit == Edit::kAdd || !named) tensors.emplace_back(name, file.get(name).clone());
  }
  if (edit == Edit::kAdd) {
    for (const auto& name : names) tensors.emplace_back(name, at::zeros({2}));
  }
  write_safetensors(dir / "model.safetensors", tensors);
}

fs::path copy_t5(const fs::path& dir) {
  fs::copy(source_dir() / "tests/data/model/tiny_t5", dir);
  return dir;
}

// Each way into a model, and into nothing: the folder that convert should have made.
void expect_refused(const fs::path& dir, const std::vector<std::string>& parts) {
  const auto out = dir.parent_path() / "converted";
  for (const auto& part : parts) {
    EXPECT_THAT([&] { load_family(dir, at::kFloat); }, ThrowsMessage<Error>(HasSubstr(part)));
    EXPECT_THAT([&] { convert_model(dir, {.dtype = at::kFloat}, out); },
                ThrowsMessage<Error>(HasSubstr(part)));
  }
  EXPECT_FALSE(fs::exists(out));
}

TEST(CheckpointNames, AConfigWithFewerLayersThanTheFileIsRefused) {
  const TempDir temp;
  for (const char* variant : {"llama", "qwen3", "gpt_neox"}) {
    const auto dir = write_family(variant, temp / variant, R"({"num_hidden_layers": 1,
                                  "layer_types": null})");
    expect_refused(dir, {dir.string() + ": tensor '", "layers.1.", "(the first of ",
                         "it has 1 layers of that kind, counted from 0"});
  }
  const auto dir = write_family("gpt2", temp / "gpt2", R"({"n_layer": 1})");
  expect_refused(dir, {"tensor 'transformer.h.1.attn.c_attn.bias' (the first of 12)"});
}

TEST(CheckpointNames, EachSideOfAnEncoderDecoderHasItsOwnNumberOfLayers) {
  const TempDir temp;
  const auto dir = copy_t5(temp / "t5");
  edit_tensors(dir, Edit::kAdd, {"decoder.block.7.layer.0.layer_norm.weight"});

  expect_refused(dir, {"tensor 'decoder.block.7.layer.0.layer_norm.weight' has no place",
                       "it has 2 layers of that kind"});
}

TEST(CheckpointNames, ABiasThatTheConfigDeniesIsRefused) {
  const TempDir temp;
  const auto dir = write_family("mistral", temp / "mistral");
  edit_tensors(dir, Edit::kAdd, {"model.layers.0.self_attn.q_proj.bias"});

  expect_refused(
      dir, {"tensor 'model.layers.0.self_attn.q_proj.bias' has no place", "it has no bias there"});
}

TEST(CheckpointNames, WhatPublishedFilesCarryAndNobodyReadsIsLeftAside) {
  const TempDir temp;
  const std::map<std::string, std::vector<std::string>> idle{
      {"llama",
       {"model.layers.0.self_attn.rotary_emb.inv_freq", "rotary_emb.inv_freq", "score.weight",
        "v_head.summary.weight", "value_head.weight"}},
      {"gpt2", {"transformer.h.0.attn.bias", "transformer.h.1.attn.masked_bias"}},
      {"gpt_neox",
       {"gpt_neox.layers.0.attention.bias", "gpt_neox.layers.0.attention.masked_bias",
        "gpt_neox.layers.0.attention.rotary_emb.inv_freq"}}};
  for (const auto& [variant, names] : idle) {
    const auto dir = write_family(variant, temp / variant);
    edit_tensors(dir, Edit::kAdd, names);
    EXPECT_NO_THROW(load_family(dir, at::kFloat)) << variant;
    EXPECT_NO_THROW(convert_model(dir, {.dtype = at::kFloat}, temp / (variant + " converted")));
  }
  const auto t5 = copy_t5(temp / "t5");
  edit_tensors(t5, Edit::kAdd,
               {"decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",
                "encoder.embed_tokens.weight"});
  EXPECT_NO_THROW(load_family(t5, at::kFloat));
}

TEST(CheckpointNames, AMaskOfOneFamilyIsNotIdleInAnother) {
  const TempDir temp;
  const auto dir = write_family("llama", temp / "llama");
  edit_tensors(dir, Edit::kAdd, {"model.layers.0.self_attn.bias"});

  expect_refused(dir, {"'model.layers.0.self_attn.bias' has no place"});
}

TEST(CheckpointNames, ConversionNamesWhatIsMissing) {
  const TempDir temp;
  const auto dir = write_family("mistral", temp / "mistral");
  edit_tensors(dir, Edit::kDrop, {"model.layers.1.mlp.up_proj.weight"});

  expect_refused(dir, {"tensor 'model.layers.1.mlp.up_proj.weight' is missing"});
}

TEST(CheckpointNames, AFamilyThatIsNotKnownIsConvertedAsItIs) {
  const TempDir temp;
  const auto dir = write_family("llama", temp / "llama", R"({"model_type": "mamba"})");
  edit_tensors(dir, Edit::kAdd, {"model.layers.0.mixer.D"});

  convert_model(dir, {.dtype = at::kFloat}, temp / "converted");

  EXPECT_TRUE(TensorFile::open(temp / "converted").contains("model.layers.0.mixer.D"));
}

TEST(CheckpointNames, AnEncoderWithMoreLayersThanItsConfigIsRefused) {
  const TempDir temp;
  const auto dir = write_encoder("bert_sequence", temp / "bert", R"({"num_hidden_layers": 1})");

  EXPECT_THAT([&] { EncoderModel::load(dir, {}); },
              ThrowsMessage<Error>(AllOf(HasSubstr("tensor 'bert.encoder.layer.1."),
                                         HasSubstr("it has 1 layers of that kind"))));
}

TEST(CheckpointNames, AnEncodersOtherHeadsAreLeftAside) {
  const TempDir temp;
  const auto dir = write_encoder("roberta_sequence", temp / "roberta");
  edit_tensors(dir, Edit::kAdd,
               {"roberta.embeddings.position_ids", "lm_head.dense.weight", "lm_head.bias",
                "roberta.pooler.dense.weight"});
  EXPECT_NO_THROW(EncoderModel::load(dir, {}));
  edit_tensors(dir, Edit::kAdd, {"roberta.encoder.conv.conv.weight"});

  EXPECT_THAT([&] { EncoderModel::load(dir, {}); },
              ThrowsMessage<Error>(HasSubstr("'roberta.encoder.conv.conv.weight' has no place")));
}

}  // namespace
}  // namespace alarm_dist
