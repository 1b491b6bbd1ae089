// SPDX-License-Identifier: Apache-2.0
// A config that asks for what the network does not have: one error that names file and key.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::HasSubstr;

struct BadConfig {
  const char* name;
  const char* variant;
  const char* changes;
  const char* message;
};

class Unsupported : public ::testing::TestWithParam<BadConfig> {};

TEST_P(Unsupported, IsAnErrorThatNamesFileAndKey) {
  const TempDir temp;
  const auto dir = write_family(GetParam().variant, temp / "model", GetParam().changes);

  try {
    load_family(dir, at::kDouble);
    FAIL() << "loaded " << GetParam().changes;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr((dir / "config.json").string()));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Config, Unsupported,
    ::testing::Values(
        BadConfig{"model_type", "llama", R"({"model_type": "mamba"})",
                  "\"model_type\" is \"mamba\"; supported: llama, mistral, qwen2, qwen3, gpt2, "
                  "gpt_neox"},
        BadConfig{"no_model_type", "llama", R"({"model_type": null})",
                  "\"model_type\" is missing; supported: llama"},
        BadConfig{"rope_type", "llama", R"({"rope_scaling": {"rope_type": "yarn", "factor": 4}})",
                  "\"rope_scaling.rope_type\" is \"yarn\"; supported: default, linear"},
        BadConfig{"rope_factor", "llama", R"({"rope_scaling": {"type": "linear"}})",
                  "\"rope_scaling.factor\" is missing"},
        BadConfig{"partial_llama", "llama", R"({"partial_rotary_factor": 0.5})",
                  "\"partial_rotary_factor\" is 0.5"},
        BadConfig{"activation", "llama", R"({"hidden_act": "gelu"})",
                  "\"hidden_act\" is \"gelu\"; supported: silu"},
        BadConfig{"size_of_wrong_type", "llama", R"({"hidden_size": "16"})",
                  "\"hidden_size\" is \"16\"; supported: a whole number above 0"},
        BadConfig{"missing_size", "llama", R"({"vocab_size": null})", "\"vocab_size\" is missing"},
        BadConfig{"layer_types_of_mistral", "mistral", R"({"layer_types": ["full_attention"]})",
                  "\"layer_types\" is [\"full_attention\"]"},
        BadConfig{"unknown_layer_type", "qwen3",
                  R"({"layer_types": ["sliding_attention", "linear_attention"]})",
                  "supported: sliding_attention, full_attention"},
        BadConfig{"too_few_layer_types", "qwen3", R"({"layer_types": ["full_attention"]})",
                  "one for each of num_hidden_layers"},
        BadConfig{"attention_scale", "gpt2", R"({"scale_attn_by_inverse_layer_idx": true})",
                  "\"scale_attn_by_inverse_layer_idx\" is true; supported: false"},
        BadConfig{"cross_attention", "gpt2", R"({"add_cross_attention": true})",
                  "\"add_cross_attention\""},
        BadConfig{"unknown_activation", "gpt_neox", R"({"hidden_act": "mish"})",
                  "\"hidden_act\" is \"mish\"; supported: silu, gelu"},
        BadConfig{"odd_rotation", "gpt_neox", R"({"rotary_pct": 0.4})", "features even"},
        BadConfig{"rope_theta", "llama",
                  R"({"rope_parameters": null, "rope_scaling": null, "rope_theta": -5})",
                  "\"rope_theta\" is -5; supported: a number above 0"},
        BadConfig{"epsilon", "llama", R"({"rms_norm_eps": -1e-6})",
                  "\"rms_norm_eps\" is -1e-06; supported: a number above 0"},
        BadConfig{"epsilon_of_gpt2", "gpt2", R"({"layer_norm_epsilon": 0})",
                  "\"layer_norm_epsilon\" is 0"},
        BadConfig{"no_layers", "qwen2", R"({"num_hidden_layers": 0})",
                  "\"num_hidden_layers\" is 0; supported: a whole number above 0"},
        BadConfig{"hidden_size", "llama", R"({"num_attention_heads": 3, "head_dim": null})",
                  "supported: a multiple of num_attention_heads"},
        BadConfig{"eos_token", "llama", R"({"eos_token_id": [2, 48]})",
                  "\"eos_token_id\" is [2,48]; supported: tokens of the vocabulary of"},
        BadConfig{"pad_token", "gpt2", R"({"pad_token_id": 50256})",
                  "\"pad_token_id\" is 50256; supported: tokens of the vocabulary"},
        BadConfig{"begin_token", "mistral", R"({"bos_token_id": -2})", "\"bos_token_id\" is -2"},
        BadConfig{"heads", "llama", R"({"num_key_value_heads": 3})",
                  "4 heads with 3 key-value heads"}),
    [](const auto& suite) { return std::string(suite.param.name); });

struct TargetCase {
  const char* variant;
  std::vector<std::string> targets;
  std::size_t adapters;
};

class TargetNames : public ::testing::TestWithParam<TargetCase> {};

TEST_P(TargetNames, NameModulesAsPeftDoes) {
  const TempDir temp;
  CausalLmOptions options{.dtype = at::kDouble};
  options.adapter.targets = GetParam().targets;

  const auto model = CausalLm::load(write_family(GetParam().variant, temp / "model"), options);

  EXPECT_EQ(model->trainable().size(), 2 * GetParam().adapters);
}

INSTANTIATE_TEST_SUITE_P(
    Names, TargetNames,
    ::testing::Values(TargetCase{"llama", {"all-linear"}, 14}, TargetCase{"llama", {"q_proj"}, 2},
                      TargetCase{"gpt2", {"all-linear"}, 8},
                      TargetCase{"gpt2", {"c_attn", "c_proj"}, 6},
                      TargetCase{"gpt2", {"mlp.c_proj"}, 2},
                      TargetCase{"gpt_neox", {"query_key_value", "dense_h_to_4h"}, 4},
                      TargetCase{"gpt_neox", {"gpt_neox.layers.0.attention.dense"}, 1}));

TEST(Targets, OneThatNamesNothingIsAnErrorThatListsWhatThereIs) {
  const TempDir temp;
  CausalLmOptions options;
  options.adapter.targets = {"c_attn", "q_proj"};

  try {
    CausalLm::load(write_family("gpt2", temp / "model"), options);
    FAIL() << "GPT-2 has no q_proj";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"q_proj\""));
    EXPECT_THAT(error.what(), HasSubstr("attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj"));
  }
}

RaggedBatch golden_batch() {
  RaggedBatch batch;
  batch.add(Tokens{5, 17, 39, 3, 25, 8, 41, 44, 31, 12, 20, 5});
  return batch;
}

TEST(TiedHead, IsTheFilesOwnWhereItDiffers) {
  const TempDir temp;
  const auto dir = write_family("llama", temp / "model", R"({"tie_word_embeddings": true})");

  const auto model = load_family(dir, at::kDouble);

  const auto hidden = model->hidden(golden_batch(), Adapter::kOn);
  EXPECT_LT(max_difference(model->logits(hidden, Adapter::kOn), family_golden("llama", "logits")),
            1e-9);
  EXPECT_EQ(model->merged_weights().back().first, "lm_head.weight");
}

TEST(TiedHead, IsTheEmbeddingWhereTheFileRepeatsIt) {
  const TempDir temp;
  const auto dir = write_family("llama", temp / "model", R"({"tie_word_embeddings": true})");
  const auto file = TensorFile::open(dir);
  NamedTensors tensors;
  for (const auto& name : file.names())
    tensors.emplace_back(
        name, file.get(name == "lm_head.weight" ? "model.embed_tokens.weight" : name).clone());
  write_safetensors(dir / "model.safetensors", tensors);

  const auto model = load_family(dir, at::kDouble);

  EXPECT_EQ(model->head_VD(Adapter::kOn).data_ptr(),
            model->merged_weights().front().second.data_ptr());
  EXPECT_EQ(model->merged_weights().back().first, "model.norm.weight");
}

TEST(BareTrunk, IsReadWithoutItsPrefix) {
  const TempDir temp;
  const auto dir = write_family("gpt2", temp / "model");
  const auto file = TensorFile::open(dir);
  NamedTensors bare;
  for (const auto& name : file.names())
    bare.emplace_back(name.substr(std::string("transformer.").size()), file.get(name).clone());
  write_safetensors(dir / "model.safetensors", bare);

  const auto model = load_family(dir, at::kDouble);

  EXPECT_LT(max_difference(model->logits(model->hidden(golden_batch(), Adapter::kOn), Adapter::kOn),
                           family_golden("gpt2", "logits")),
            1e-9);
  EXPECT_EQ(model->merged_weights().front().first, "transformer.wte.weight");
}

}  // namespace
}  // namespace alarm_dist
