// SPDX-License-Identifier: Apache-2.0
// Loading, converting and saving; errors that name the culprit.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/model/causal_lm.hpp"

#include "model/tiny_llama.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

fs::path copy_of_tiny(const TempDir& temp) {
  const auto dir = temp / "model";
  fs::copy(tiny_llama_dir(), dir);
  return dir;
}

void replace_in_config(const fs::path& dir, const std::string& from, const std::string& to) {
  auto text = read_file(dir / "config.json");
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  write_file(dir / "config.json", text.replace(at, from.size(), to));
}

at::Tensor sample_logits(const CausalLm& model, Adapter adapter) {
  RaggedBatch batch;
  batch.add(kPrompt);
  return model.logits(model.hidden(batch, adapter), adapter);
}

TEST(LoadModel, KnowsTheShape) {
  const auto model = load_tiny_llama(at::kFloat, Lora::kOff);

  EXPECT_EQ(model->shape().layers, 3);
  EXPECT_EQ(model->shape().kv_heads, 2);
  EXPECT_EQ(model->shape().parameters,
            256 * 48 + 48 + 3 * (2 * 48 + 48 * 80 * 3 + 48 * 48 * 2 + 48 * 16 * 2));
  EXPECT_EQ(model->shape().eos_tokens, std::vector<std::int64_t>{2});
  EXPECT_TRUE(model->trainable().empty());
}

TEST(LoadModel, NamesAnArchitectureItDoesNotKnow) {
  const TempDir temp;
  const auto dir = copy_of_tiny(temp);
  replace_in_config(dir, "\"llama\"", "\"gemma\"");

  const auto message = error_of([&] { CausalLm::load(dir, {}); });

  EXPECT_THAT(message, HasSubstr("config.json: \"model_type\" is \"gemma\""));
  EXPECT_THAT(message, HasSubstr("supported: llama, mistral, qwen2, qwen3, gpt2, gpt_neox"));
}

TEST(LoadModel, NamesATensorOfAnotherShape) {
  const TempDir temp;
  const auto dir = copy_of_tiny(temp);
  replace_in_config(dir, "\"intermediate_size\": 80", "\"intermediate_size\": 96");

  const auto message = error_of([&] { CausalLm::load(dir, {}); });

  EXPECT_THAT(message, HasSubstr("model.layers.0.mlp.gate_proj.weight"));
  EXPECT_THAT(message, HasSubstr("96"));
}

TEST(LoadModel, NamesAMissingTensor) {
  const TempDir temp;
  const auto dir = copy_of_tiny(temp);
  replace_in_config(dir, "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4");

  EXPECT_THAT(error_of([&] { CausalLm::load(dir, {}); }),
              HasSubstr("model.layers.3.input_layernorm.weight"));
}

TEST(LoadModel, AdapterStartsAsTheModelItself) {
  const auto model = CausalLm::load(tiny_llama_dir(), {.dtype = at::kDouble});

  EXPECT_EQ(model->trainable().size(), 42U);
  EXPECT_EQ(model->trainable()[0].first,
            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
  EXPECT_LT(
      max_difference(sample_logits(*model, Adapter::kOn), sample_logits(*model, Adapter::kOff)),
      1e-12);
  const auto a = model->trainable()[0].second;
  EXPECT_NEAR(a.abs().max().item<double>(), 1 / std::sqrt(48.0), 0.005)
      << "uniform in +-1/sqrt(inputs)";
}

TEST(LoadModel, AdaptsOnlyTheTargets) {
  CausalLmOptions options{.dtype = at::kDouble};
  options.adapter.targets = {"q_proj", "v_proj"};
  const auto model = CausalLm::load(tiny_llama_dir(), options);
  ASSERT_EQ(model->trainable().size(), 12U);
  EXPECT_EQ(model->trainable()[2].first,
            "base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight");
  for (auto& [name, tensor] : model->trainable()) tensor.detach().fill_(0.1);

  sample_logits(*model, Adapter::kOn).sum().backward();

  EXPECT_GT(model->trainable()[3].second.grad().norm().item<double>(), 0);
}

TEST(LoadModel, NamesATargetItDoesNotHaveAndWhatThereIs) {
  CausalLmOptions options;
  options.adapter.targets = {"q_proj", "c_attn"};

  const auto message = error_of([&] { CausalLm::load(tiny_llama_dir(), options); });

  EXPECT_THAT(message, HasSubstr("\"c_attn\""));
  EXPECT_THAT(message, HasSubstr("self_attn.q_proj, self_attn.k_proj, self_attn.v_proj, "
                                 "self_attn.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj"));
}

TEST(SaveModel, MergesTheAdapter) {
  const TempDir temp;
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);

  model->save(temp / "saved");

  const auto saved =
      CausalLm::load(temp / "saved", {.dtype = at::kDouble, .trained = Trained::kNothing});
  EXPECT_LT(
      max_difference(sample_logits(*saved, Adapter::kOff), sample_logits(*model, Adapter::kOn)),
      1e-10);
  EXPECT_TRUE(fs::exists(temp / "saved" / "generation_config.json"));
}

TEST(ResolveModel, TakesADirectoryOfTheTypeAsItIs) {
  const TempDir temp;

  EXPECT_EQ(resolve_model(tiny_llama_dir(), at::kFloat, temp / "cache"), tiny_llama_dir());
  EXPECT_FALSE(fs::exists(temp / "cache"));
}

TEST(ResolveModel, ConvertsOnce) {
  const TempDir temp;

  const auto dir = resolve_model(tiny_llama_dir(), at::kBFloat16, temp / "cache");
  const auto written = fs::last_write_time(dir / "model.safetensors");

  EXPECT_EQ(TensorFile::open(dir).get("model.norm.weight").scalar_type(), at::kBFloat16);
  EXPECT_THAT(read_file(dir / "config.json"), HasSubstr("\"bfloat16\""));
  EXPECT_EQ(resolve_model(tiny_llama_dir(), at::kBFloat16, temp / "cache"), dir);
  EXPECT_EQ(fs::last_write_time(dir / "model.safetensors"), written);
  EXPECT_EQ(CausalLm::load(dir, {.dtype = at::kBFloat16})->dtype(), at::kBFloat16);
}

TEST(ResolveModel, NamesWhatIsNotThere) {
  const TempDir temp;

  EXPECT_THAT(error_of([&] { resolve_model(temp / "absent", at::kFloat, temp / "cache"); }),
              HasSubstr("absent"));
}

}  // namespace
}  // namespace alarm_dist
