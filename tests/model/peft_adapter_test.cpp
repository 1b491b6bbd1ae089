// SPDX-License-Identifier: Apache-2.0
// Adapters in PEFT's layout, against PEFT itself (tests/golden/make_peft.py).
#include "alarm/model/peft_adapter.hpp"

#include <cstdlib>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/model/convert.hpp"

#include "model/tiny_llama.hpp"
#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::ElementsAre;
namespace fs = std::filesystem;

fs::path data_dir() { return source_dir() / "tests/data/model"; }
fs::path adapter_dir() { return data_dir() / "tiny_llama_adapter"; }

at::Tensor logits_of(const CausalLm& model, Adapter adapter) {
  const auto tokens =
      TensorFile::open(data_dir() / "tiny_llama_adapter_golden.safetensors").get("tokens");
  const auto* begin = tokens.const_data_ptr<std::int64_t>();
  RaggedBatch batch;
  batch.add(std::vector<std::int64_t>(begin, begin + tokens.numel()));
  return model.logits(model.hidden(batch, adapter), adapter);
}

at::Tensor golden_logits() {
  return TensorFile::open(data_dir() / "tiny_llama_adapter_golden.safetensors").get("logits");
}

// A copy of the golden adapter with one key of its config changed.
fs::path changed_adapter(const TempDir& temp, const std::string& key, const nlohmann::json& value) {
  const auto dir = temp / "changed";
  fs::remove_all(dir);
  fs::copy(adapter_dir(), dir);
  auto config = nlohmann::json::parse(read_file(dir / "adapter_config.json"));
  config[key] = value;
  write_file(dir / "adapter_config.json", config.dump());
  return dir;
}

NamedTensors with(NamedTensors tensors, const std::string& name, const at::Tensor& value) {
  for (auto& [known, tensor] : tensors) {
    if (known == name) tensor = value;
  }
  return tensors;
}

NamedTensors stored_tensors(const fs::path& adapter) {
  const auto file = TensorFile::open(adapter / "adapter_model.safetensors");
  NamedTensors tensors;
  for (const auto& name : file.names()) tensors.emplace_back(name, file.get(name));
  return tensors;
}

TEST(PeftAdapter, ReadsWhatPeftWrote) {
  const auto model = load_with_adapter(tiny_llama_dir(), {.dtype = at::kDouble}, adapter_dir());

  EXPECT_EQ(model->trainable().size(), 18U);
  EXPECT_LT(max_difference(logits_of(*model, Adapter::kOn), golden_logits()), 1e-9);
  EXPECT_GT(max_difference(logits_of(*model, Adapter::kOff), golden_logits()), 1e-2);
}

// With ALARM_KEEP_ADAPTER=DIR the adapter stays for `make_peft.py check DIR`.
TEST(PeftAdapter, WritesWhatItRead) {
  const TempDir temp;
  const char* keep = std::getenv("ALARM_KEEP_ADAPTER");
  const auto out = keep != nullptr ? fs::path(keep) : temp / "adapter";
  const auto model = load_with_adapter(tiny_llama_dir(), {}, adapter_dir());

  model->save_adapter(out);

  const auto expected = stored_tensors(adapter_dir());
  const auto found = TensorFile::open(out / "adapter_model.safetensors");
  EXPECT_EQ(found.names().size(), expected.size());
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(at::equal(found.get(name), tensor)) << name;
  const auto config = nlohmann::json::parse(read_file(out / "adapter_config.json"));
  const auto original = nlohmann::json::parse(read_file(adapter_dir() / "adapter_config.json"));
  for (const auto& [key, value] : config.items()) {
    if (key == "base_model_name_or_path") continue;  // a path of this machine
    EXPECT_EQ(value, original[key]) << key;
  }
  EXPECT_EQ(config["base_model_name_or_path"], tiny_llama_dir().string());
}

TEST(PeftAdapter, NamesTheModulesThatAllLinearMeant) {
  const TempDir temp;
  CausalLmOptions options;
  options.adapter.targets = {kAllLinear};
  options.adapter.alpha = 2.5;
  const auto model = CausalLm::load(tiny_llama_dir(), options);

  model->save_adapter(temp / "adapter");

  const auto config = read_peft_config(temp / "adapter");
  EXPECT_THAT(config.lora.targets, ElementsAre("down_proj", "gate_proj", "k_proj", "o_proj",
                                               "q_proj", "up_proj", "v_proj"));
  EXPECT_EQ(config.lora.alpha, 2.5);
  EXPECT_EQ(config.task, "CAUSAL_LM");
}

TEST(PeftAdapter, MergesAsPeftDoes) {
  const TempDir temp;

  convert_model(tiny_llama_dir(),
                {.dtype = at::kDouble, .adapter = adapter_dir(), .place = AdapterPlace::kMerged},
                temp / "merged");

  const auto merged =
      CausalLm::load(temp / "merged", {.dtype = at::kDouble, .trained = Trained::kNothing});
  EXPECT_LT(max_difference(logits_of(*merged, Adapter::kOff), golden_logits()), 1e-9);
}

TEST(PeftAdapter, TakesTheModulesOfTheFileWhereLayersAreChosen) {
  const TempDir temp;
  const auto dir = changed_adapter(temp, "layers_to_transform", {1});
  NamedTensors chosen;
  for (const auto& named : stored_tensors(adapter_dir())) {
    if (named.first.find("layers.1.") != std::string::npos) chosen.push_back(named);
  }
  write_safetensors(dir / "adapter_model.safetensors", chosen);

  const auto model = load_with_adapter(tiny_llama_dir(), {}, dir);

  EXPECT_EQ(model->trainable().size(), 6U);
}

TEST(PeftAdapter, RefusesWhatIsNoPlainAdapterByTheNameOfItsKey) {
  const TempDir temp;
  const std::vector<std::pair<const char*, nlohmann::json>> refused = {
      {"use_rslora", true},
      {"use_dora", true},
      {"lora_bias", true},
      {"modules_to_save", {"lm_head"}},
      {"rank_pattern", {{"q_proj", 2}}},
      {"alpha_pattern", {{"q_proj", 2}}},
      {"bias", "all"},
      {"peft_type", "IA3"},
      {"init_lora_weights", "pissa_niter_4"},
      {"r", 0},
      {"r", "3"},
      {"lora_alpha", nullptr}};

  for (const auto& [key, value] : refused) {
    const auto dir = changed_adapter(temp, key, value);
    expect_error([&] { read_peft_config(dir); },
                 {(dir / "adapter_config.json").string(), std::string("\"") + key + "\" is "});
  }
}

TEST(PeftAdapter, ReadsAScoreHeadWhereTheConfigSaysThatThereIsOne) {
  const TempDir temp;
  const auto dir = source_dir() / "tests/data/model/smoke_reward_adapter";

  const auto head = peft_score_head(dir);

  ASSERT_EQ(head.size(), 1U);
  EXPECT_EQ(head[0].first, "score.weight");
  EXPECT_EQ(head[0].second.sizes(), at::IntArrayRef({1, 32}));
  EXPECT_EQ(peft_changes(dir).size(), 6U);  // three modules of two layers
  EXPECT_TRUE(peft_score_head(adapter_dir()).empty());

  fs::create_directories(temp / "bare");
  fs::copy(dir / "adapter_config.json", temp / "bare");
  fs::copy(adapter_dir() / "adapter_model.safetensors", temp / "bare");
  expect_error([&] { peft_score_head(temp / "bare"); },
               {(temp / "bare/adapter_model.safetensors").string(), "expected a score head"});
}

TEST(PeftAdapter, NamesAFileThatIsMissingOrPickled) {
  const TempDir temp;
  const auto dir = changed_adapter(temp, "r", 3);

  fs::remove(dir / "adapter_model.safetensors");
  expect_error([&] { peft_changes(dir); }, {"adapter_model.safetensors", "no such file"});
  write_file(dir / "adapter_model.bin", "");
  expect_error([&] { peft_changes(dir); }, {"adapter_model.bin", "launch/convert-pickle"});
  fs::remove(dir / "adapter_config.json");
  expect_error([&] { peft_changes(dir); }, {"adapter_config.json"});
}

TEST(PeftAdapter, NamesATensorThatDoesNotFitTheModel) {
  const TempDir temp;
  const auto dir = changed_adapter(temp, "r", 3);
  const auto file = dir / "adapter_model.safetensors";
  const auto tensors = stored_tensors(adapter_dir());
  const auto first = tensors.front().first;
  const auto load = [&] { load_with_adapter(tiny_llama_dir(), {}, dir); };

  write_safetensors(file, with(tensors, first, at::ones({3, 47})));
  expect_error(load, {file.string(), first, "expected shape [3, ", "found [3, 47]"});
  write_safetensors(file, with(tensors, first, at::ones({3, 80}, at::kInt)));
  expect_error(load, {file.string(), first, "expected floating-point numbers", "found I32"});
  auto fewer = tensors;
  fewer.erase(fewer.begin());
  write_safetensors(file, fewer);
  expect_error(load, {file.string(), first, "is missing"});
  auto more = tensors;
  more.emplace_back("base_model.model.model.layers.9.mlp.down_proj.lora_A.weight",
                    at::ones({3, 80}));
  write_safetensors(file, more);
  expect_error(load, {file.string(), "layers.9.mlp.down_proj", "no place"});
}

TEST(PeftAdapter, LoadsAllOrNothing) {
  const TempDir temp;
  const auto dir = changed_adapter(temp, "r", 3);
  auto tensors = stored_tensors(adapter_dir());
  tensors.pop_back();
  write_safetensors(dir / "adapter_model.safetensors", tensors);
  CausalLmOptions options;
  options.adapter = read_peft_config(dir).lora;
  const auto model = CausalLm::load(tiny_llama_dir(), options);
  NamedTensors before;
  for (const auto& [name, tensor] : model->trainable())
    before.emplace_back(name, tensor.detach().clone());

  expect_error([&] { load_peft_adapter(dir, options.adapter, model->trainable()); },
               {"is missing"});

  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(at::equal(model->trainable()[i].second, before[i].second)) << before[i].first;
}

TEST(PeftAdapter, MustHaveTheModelsRankAndAlpha) {
  const auto lora = read_peft_config(adapter_dir()).lora;
  auto other = lora;

  other.alpha = 13;
  expect_error([&] { load_peft_adapter(adapter_dir(), other, {}); },
               {"adapter_config.json", "\"lora_alpha\" is 12", "has 13"});
  other = lora;
  other.rank = 4;
  expect_error([&] { load_peft_adapter(adapter_dir(), other, {}); },
               {"adapter_config.json", "\"r\" is 3", "rank 4"});
}

TEST(PeftAdapter, MergesOnlyIntoAModelThatHasItsModules) {
  const TempDir temp;
  const auto dir = changed_adapter(temp, "r", 3);
  const auto merge = [&] {
    convert_model(tiny_llama_dir(), {.adapter = dir, .place = AdapterPlace::kMerged}, temp / "out");
  };
  const NamedTensors elsewhere = {{"base_model.model.score.lora_A.weight", at::ones({3, 48})},
                                  {"base_model.model.score.lora_B.weight", at::ones({1, 3})}};

  write_safetensors(dir / "adapter_model.safetensors", elsewhere);
  expect_error(merge, {dir.string(), "'score.weight'", "not in", tiny_llama_dir().string()});
  write_safetensors(dir / "adapter_model.safetensors",
                    {{"base_model.model.model.norm.lora_A.weight", at::ones({3, 48})},
                     {"base_model.model.model.norm.lora_B.weight", at::ones({1, 3})}});
  expect_error(merge, {dir.string(), "'model.norm.weight'", "[1, 48]", "[48]"});
  write_safetensors(dir / "adapter_model.safetensors",
                    {{"lm_head.lora_embedding_A", at::ones({3})}});
  expect_error(merge, {"'lm_head.lora_embedding_A'", "expected base_model.model."});
  EXPECT_FALSE(fs::exists(temp / "out"));
}

}  // namespace
}  // namespace alarm_dist
