// SPDX-License-Identifier: Apache-2.0
// Models from files to files.
#include "alarm/model/convert.hpp"

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/model/encoder.hpp"

#include "model/tiny_llama.hpp"
#include "model/weight_order.hpp"
#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;
namespace fs = std::filesystem;

// The file whose map holds the address; empty if none does.
std::string file_mapped_at(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::string rights, offset, device, inode, path;
    fields >> std::hex >> begin >> dash >> end >> rights >> offset >> device >> inode >> path;
    if (begin <= wanted && wanted < end) return path;
  }
  return {};
}

std::vector<std::string> weights_outside_of_the_map(const fs::path& dir, at::ScalarType dtype) {
  const auto model = CausalLm::load(dir, {.dtype = dtype, .trained = Trained::kNothing});
  std::vector<std::string> outside;
  for (const auto& [name, tensor] : model->merged_weights()) {
    if (file_mapped_at(tensor.data_ptr()) != fs::canonical(dir / "model.safetensors"))
      outside.push_back(name);
  }
  return outside;
}

Json parsed(const fs::path& file) { return Json::parse(read_file(file)); }

TEST(WeightOrder, PutsWhatIsReadAsOneMatrixSideBySide) {
  EXPECT_THAT(
      in_fused_order({"l.0.k_proj.bias", "l.0.k_proj.weight", "l.0.o_proj.weight",
                      "l.0.q_proj.bias", "l.0.q_proj.weight", "l.0.v_proj.bias",
                      "l.0.v_proj.weight"}),
      ElementsAre("l.0.o_proj.weight", "l.0.q_proj.bias", "l.0.k_proj.bias", "l.0.v_proj.bias",
                  "l.0.q_proj.weight", "l.0.k_proj.weight", "l.0.v_proj.weight"));
  EXPECT_THAT(in_fused_order({"e.value.weight", "e.key.weight", "e.query.weight"}),
              ElementsAre("e.query.weight", "e.key.weight", "e.value.weight"));
  EXPECT_THAT(in_fused_order({"v.weight", "k.weight", "q.weight", "o.weight"}),
              ElementsAre("o.weight", "q.weight", "k.weight", "v.weight"));
  EXPECT_THAT(in_fused_order({"up_proj.weight", "k", ".weight", "gate_proj.weight", ""}),
              ElementsAre("", ".weight", "gate_proj.weight", "up_proj.weight", "k"));
}

TEST(ConvertModel, WeightsOfTheResultAreViewsOfItsFile) {
  const TempDir temp;
  convert_model(tiny_llama_dir(), {.dtype = at::kFloat}, temp / "model");

  EXPECT_THAT(weights_outside_of_the_map(temp / "model", at::kFloat), ElementsAre());
  EXPECT_TRUE(weights_outside_of_the_map(tiny_llama_dir(), at::kFloat).empty())
      << "a file in the order of names: q, k and v are multiplied where they lie";
}

TEST(ResolveModel, WeightsOfTheCopyAreViewsOfItsFile) {
  const TempDir temp;

  const auto dir = resolve_model(tiny_llama_dir(), at::kBFloat16, temp / "cache");

  EXPECT_THAT(weights_outside_of_the_map(dir, at::kBFloat16), ElementsAre());
}

TEST(SaveModel, WeightsAreViewsWhenLoadedAgain) {
  const TempDir temp;

  load_tiny_llama(at::kFloat, Lora::kGolden)->save(temp / "saved");

  EXPECT_THAT(weights_outside_of_the_map(temp / "saved", at::kFloat), ElementsAre());
}

TEST(ConvertModel, KeepsEveryTensor) {
  const TempDir temp;
  convert_model(tiny_llama_dir(), {.dtype = at::kDouble}, temp / "wide");
  convert_model(temp / "wide", {.dtype = at::kFloat}, temp / "back/");  // as a shell completes it

  const auto expected = TensorFile::open(tiny_llama_dir()), found = TensorFile::open(temp / "back");
  EXPECT_EQ(TensorFile::open(temp / "wide").get("model.norm.weight").scalar_type(), at::kDouble);
  EXPECT_EQ(found.names(), expected.names());
  for (const auto& name : expected.names())
    EXPECT_TRUE(at::equal(found.get(name), expected.get(name))) << name;
}

TEST(ConvertModel, LeavesIntegersAsTheyAre) {
  const TempDir temp;
  fs::create_directories(temp / "model");
  write_file(temp / "model/config.json", "{}");
  write_weights(temp / "model", {{"ids", at::arange(3)}, {"w", at::ones({2})}});

  convert_model(temp / "model", {.dtype = at::kBFloat16}, temp / "out");

  EXPECT_TRUE(at::equal(TensorFile::open(temp / "out").get("ids"), at::arange(3)));
  EXPECT_EQ(TensorFile::open(temp / "out").get("w").scalar_type(), at::kBFloat16);
}

// Configs as users have them: keys that no code here knows, nested, in an order of their own.
TEST(ConvertModel, KeepsUnknownKeysOfTheConfigs) {
  const TempDir temp;
  fs::copy(tiny_llama_dir(), temp / "model");
  auto config = parsed(temp / "model/config.json");
  config["zz_mine"] = {{"depth", {1, 2.5, "größer", nullptr}}, {"big", 9007199254740993}};
  config["torch_dtype"] = "float32";
  config["tiny"] = 1e-12;
  write_file(temp / "model/config.json", config.dump());
  const std::string generation = "{ \"eos_token_id\": [2, 3],\n \"mine\": {\"temperature\": 0.7} }";
  write_file(temp / "model/generation_config.json", generation);

  CausalLm::load(temp / "model", {.dtype = at::kBFloat16})->save(temp / "saved");
  convert_model(temp / "model", {.dtype = at::kBFloat16}, temp / "converted");

  config["dtype"] = config["torch_dtype"] = "bfloat16";
  for (const char* made : {"saved", "converted"}) {
    EXPECT_EQ(parsed(temp / made / "config.json"), config) << made;
    EXPECT_EQ(read_file(temp / made / "generation_config.json"), generation) << made;
  }
}

// Trained weights of an encoder are float32 whatever its file has.
TEST(SaveModel, NamesTheTypeOfAnEncodersWeights) {
  const TempDir temp;
  convert_model(source_dir() / "tests/data/model/bert_tiny", {.dtype = at::kBFloat16},
                temp / "half");
  auto config = parsed(temp / "half/config.json");
  config["mine"] = {1, 2};
  config["dtype"] = "bfloat16";
  write_file(temp / "half/config.json", config.dump());

  EncoderModel::load(temp / "half", {.train = true})->save(temp / "trained");

  const auto saved = TensorFile::open(temp / "trained");
  EXPECT_EQ(saved.get("bert.embeddings.word_embeddings.weight").scalar_type(), at::kFloat);
  config["dtype"] = "float32";
  EXPECT_EQ(parsed(temp / "trained/config.json")["dtype"], "float32");
  EXPECT_EQ(parsed(temp / "trained/config.json")["mine"], config["mine"]);
}

TEST(LoadModel, ReadsShards) {
  const TempDir temp;
  const auto whole = load_tiny_llama(at::kDouble, Lora::kOff);
  fs::create_directories(temp / "model");
  fs::copy(tiny_llama_dir() / "config.json", temp / "model/config.json");
  const auto file = TensorFile::open(tiny_llama_dir());
  NamedTensors tensors;
  for (const auto& name : file.names()) tensors.emplace_back(name, file.get(name));

  write_weights(temp / "model", tensors, 70'000);

  EXPECT_TRUE(fs::exists(temp / "model/model-00004-of-00005.safetensors"));
  const auto model =
      CausalLm::load(temp / "model", {.dtype = at::kDouble, .trained = Trained::kNothing});
  RaggedBatch batch;
  batch.add(kPrompt);
  EXPECT_TRUE(at::equal(model->hidden(batch, Adapter::kOff), whole->hidden(batch, Adapter::kOff)));
  EXPECT_EQ(resolve_model(temp / "model", at::kFloat, temp / "cache"), temp / "model");
}

TEST(ConvertModel, PutsAnAdapterBesideTheModel) {
  const TempDir temp;
  const auto adapter = source_dir() / "tests/data/model/tiny_llama_adapter";

  convert_model(tiny_llama_dir(), {.adapter = adapter}, temp / "out");

  for (const char* file : {"adapter_config.json", "adapter_model.safetensors"})
    EXPECT_EQ(read_file(temp / "out/adapter" / file), read_file(adapter / file));
}

// tests/data/smoke/policy is a Llama too, of 32 states where the tiny one has 48.
TEST(ConvertModel, RefusesToPutAnAdapterBesideAnotherModel) {
  const TempDir temp;
  const auto adapter = source_dir() / "tests/data/model/tiny_llama_adapter";
  const auto beside = [&](const fs::path& model, const fs::path& which) {
    convert_model(model, {.adapter = which}, temp / "out");
  };
  fs::create_directories(temp / "deeper");
  fs::copy(adapter / "adapter_config.json", temp / "deeper");
  NamedTensors tensors;
  const std::string module = "base_model.model.model.layers.7.mlp.up_proj";
  tensors.emplace_back(module + ".lora_A.weight", at::ones({3, 48}));
  tensors.emplace_back(module + ".lora_B.weight", at::ones({80, 3}));
  write_safetensors(temp / "deeper/adapter_model.safetensors", tensors);

  expect_error([&] { beside(source_dir() / "tests/data/smoke/policy", adapter); },
               {adapter.string(), "model.layers.0.mlp.down_proj.weight",
                "as numbers of shape [48, 80]", "the model has Float of shape [32, 48]"});
  expect_error([&] { beside(tiny_llama_dir(), temp / "deeper"); },
               {(temp / "deeper").string(), "'model.layers.7.mlp.up_proj.weight'", "not in"});
  EXPECT_FALSE(fs::exists(temp / "out"));
}

// By the names of what is made of the file.
TEST(ConvertModel, ChecksAnAdapterBesideAGgufFileToo) {
  const TempDir temp;
  const auto gguf = source_dir() / "tests/data/model/gguf/llama.gguf";
  const auto other = source_dir() / "tests/data/model/tiny_llama_adapter";
  CausalLmOptions options;
  options.adapter.rank = 2;
  CausalLm::load(resolve_model(gguf, at::kFloat, temp / "cache"), options)
      ->save_adapter(temp / "mine");

  convert_model(gguf, {.adapter = temp / "mine"}, temp / "out");

  EXPECT_TRUE(fs::exists(temp / "out/adapter/adapter_model.safetensors"));
  expect_error([&] { convert_model(gguf, {.adapter = other}, temp / "none"); },
               {other.string(), "'model.layers.0.mlp.down_proj.weight'", "[48, 80]"});
  EXPECT_FALSE(fs::exists(temp / "none"));
}

TEST(ConvertModel, IsCompleteOrAbsent) {
  const TempDir temp;
  fs::copy(tiny_llama_dir(), temp / "model");
  const auto weights = temp / "model/model.safetensors";
  fs::resize_file(weights, fs::file_size(weights) - 1);

  expect_error([&] { convert_model(temp / "model", {}, temp / "out"); },
               {weights.string(), "cut short"});
  expect_error([&] { resolve_model(temp / "model", at::kBFloat16, temp / "cache"); },
               {weights.string(), "cut short"});
  write_file(temp / "model/config.json", "{");
  fs::copy(tiny_llama_dir() / "model.safetensors", weights, fs::copy_options::overwrite_existing);
  expect_error([&] { convert_model(temp / "model", {.dtype = at::kHalf}, temp / "out"); },
               {"config.json", "expected a JSON object"});
  expect_error([&] { resolve_model(temp / "model", at::kBFloat16, temp / "cache"); },
               {"config.json", "expected a JSON object"});

  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(temp.path()))
    left.push_back(entry.path().filename());
  EXPECT_THAT(left, UnorderedElementsAre("model", "cache", ".out.lock"));
  for (const auto& entry : fs::directory_iterator(temp / "cache"))
    EXPECT_EQ(entry.path().extension(), ".lock");
}

// Threads open the lock's file each for itself, as processes do.
TEST(ConvertModel, OneOfSeveralMakesTheFolderAndTheOthersFindIt) {
  const TempDir temp;
  std::atomic<int> made = 0, found = 0;
  std::vector<std::thread> workers;

  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      try {
        convert_model(tiny_llama_dir(), {.dtype = at::kDouble}, temp / "out/");
        ++made;
      } catch (const UsageError& error) {
        EXPECT_THAT(error.what(), HasSubstr("exists already"));
        ++found;
      }
    });
  }
  for (auto& worker : workers) worker.join();

  EXPECT_EQ(made, 1);
  EXPECT_EQ(found, 3);
  EXPECT_NO_THROW(
      CausalLm::load(temp / "out", {.dtype = at::kDouble, .trained = Trained::kNothing}));
  EXPECT_FALSE(fs::exists(temp / ".out.partial"));
}

TEST(ConvertModel, TakesAFolderHoweverItIsSpelt) {
  const TempDir temp;
  fs::create_directories(temp / "other");

  convert_model(tiny_llama_dir(), {.dtype = at::kDouble}, temp / "other/../out/.");

  std::vector<std::string> made;
  for (const auto& entry : fs::directory_iterator(temp.path()))
    made.push_back(entry.path().filename());
  EXPECT_THAT(made, UnorderedElementsAre("other", "out", ".out.lock"));
  EXPECT_TRUE(fs::is_empty(temp / "other"));
  EXPECT_TRUE(fs::exists(temp / "out/config.json"));
}

TEST(ConvertModel, RefusesWhatIsNoModel) {
  const TempDir temp;
  write_file(temp / "weights.pth", "");
  write_file(temp / "model.onnx", "");
  const auto convert = [&](const char* name) { convert_model(temp / name, {}, temp / "out"); };

  expect_error([&] { convert("weights.pth"); }, {"weights.pth: pickled", "launch/convert-pickle"});
  expect_error([&] { convert("model.onnx"); }, {"model.onnx", "expected a Hugging Face directory"});
  expect_error([&] { convert("nothing"); }, {"nothing", "there is no such model"});
  fs::create_directories(temp / "out");
  EXPECT_THROW(convert_model(tiny_llama_dir(), {}, temp / "out"), UsageError);
}

}  // namespace
}  // namespace alarm_dist
