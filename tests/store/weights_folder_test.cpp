// SPDX-License-Identifier: Apache-2.0
// Folders of weights: one file, shards with an index, pickles.
#include <string>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/tensor_file.hpp"

#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using testing::TempDir;
using testing::write_file;

constexpr const char* kIndex = "model.safetensors.index.json";
constexpr const char* kFirst = "model-00001-of-00002.safetensors";
constexpr const char* kSecond = "model-00002-of-00002.safetensors";

// 8, 12, 4 and 40 bytes.
NamedTensors some_weights() {
  return {{"b", at::full({2}, 1.0F)},
          {"a", at::full({3}, 2.0F)},
          {"d", at::full({1}, 3.0F)},
          {"c", at::full({10}, 4.0F)}};
}

void write_index(const TempDir& dir, const std::string& weight_map) {
  write_file(dir / kIndex, R"({"metadata": {"total_size": 1}, "weight_map": )" + weight_map + "}");
}

std::vector<std::string> files_of(const TempDir& dir) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void expect_holds(const TempDir& dir, const NamedTensors& expected) {
  const auto file = TensorFile::open(dir.path());
  EXPECT_EQ(file.names().size(), expected.size());
  for (const auto& [name, tensor] : expected)
    EXPECT_TRUE(at::equal(file.get(name), tensor)) << name;
}

TEST(WeightsFolder, HoldsOneFileWithinTheLimit) {
  const TempDir dir;

  write_weights(dir.path(), some_weights(), 64);

  EXPECT_THAT(files_of(dir), ElementsAre("model.safetensors"));
  EXPECT_EQ(TensorFile::open(dir.path()).metadata().at("format"), "pt");
  expect_holds(dir, some_weights());
}

// The first two fill a shard to the byte; the last is above the limit alone.
TEST(WeightsFolder, HoldsShardsAboveTheLimit) {
  const TempDir dir;

  write_weights(dir.path(), some_weights(), 20);

  EXPECT_THAT(files_of(dir),
              ElementsAre("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                          "model-00003-of-00003.safetensors", kIndex));
  const auto index = nlohmann::json::parse(testing::read_file(dir / kIndex));
  EXPECT_EQ(index["metadata"]["total_size"], 64);
  EXPECT_EQ(index["metadata"]["total_parameters"], 16);
  EXPECT_EQ(index["weight_map"]["a"], "model-00001-of-00003.safetensors");
  EXPECT_EQ(index["weight_map"]["d"], "model-00002-of-00003.safetensors");
  expect_holds(dir, some_weights());
}

TEST(WeightsFolder, ReplacesTheWeightsItHad) {
  const TempDir dir;
  const NamedTensors other = {{"x", at::ones({30})}};

  for (const std::uint64_t limit : {1000, 20, 45, 1000}) {
    write_weights(dir.path(), other, limit);
    expect_holds(dir, other);
    write_weights(dir.path(), some_weights(), limit);
    expect_holds(dir, some_weights());
  }

  EXPECT_THAT(files_of(dir), ElementsAre("model.safetensors"));
}

TEST(WeightsFolder, RefusesOneNameInTwoShards) {
  const TempDir dir;
  const auto one = at::ones({1});

  expect_error(
      [&] {
        write_weights(dir.path(), {{"x", one}, {"x", one}}, 4);
      },
      {"two tensors named 'x'"});
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(WeightsFolder, MakesATensorWhenItIsWritten) {
  const TempDir dir;
  std::vector<std::string> made;
  TensorSources sources = sources_of(some_weights());
  for (auto& source : sources) {
    source.make = [&made, name = source.name, make = source.make] {
      made.push_back(name);
      return make();
    };
  }

  stream_weights(dir.path(), sources);

  EXPECT_THAT(made, ElementsAre("b", "a", "d", "c"));
  expect_holds(dir, some_weights());
}

TEST(WeightsFolder, RefusesATensorThatIsNotAsAnnounced) {
  const TempDir dir;
  TensorSources sources = sources_of(some_weights());

  sources[3].make = [] { return at::ones({9}); };
  expect_error([&] { stream_weights(dir.path(), sources, 20); },
               {"'c'", "announced as Float of shape [10], made as Float of shape [9]"});
  sources[3].make = [] { return at::ones({10}, at::kDouble); };
  expect_error([&] { stream_weights(dir.path(), sources); }, {"'c'", "made as Double"});
  expect_error([&] { TensorFile::open(dir.path()); }, {"found neither"});
}

TEST(WeightsFolder, TakesFromAShardWhatTheIndexNames) {
  const TempDir dir;
  write_safetensors(dir / "one.safetensors", {{"a", at::ones({2})}, {"b", at::zeros({3})}});
  write_safetensors(dir / "two.safetensors", {{"c", at::full({1}, 5.0)}, {"other", at::ones({1})}});
  write_index(dir, R"({"a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors"})");

  const auto file = TensorFile::open(dir.path());

  EXPECT_THAT(file.names(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(file.get("c").item<double>(), 5.0);
}

TEST(WeightsFolder, NamesWhatItLacks) {
  const TempDir dir;
  const auto open = [&] { TensorFile::open(dir.path()); };

  expect_error([&] { TensorFile::open(dir / "nowhere"); }, {"nowhere", "no such file or folder"});
  expect_error(open, {dir.path().string(), "model.safetensors", "found neither"});
  write_index(dir, R"({"a": "one.safetensors", "b": "one.safetensors"})");
  expect_error(open, {kIndex, "one.safetensors is missing", "2 tensors", "'a'"});
  write_safetensors(dir / "one.safetensors", {{"a", at::ones({1})}});
  expect_error(open, {kIndex, "tensor 'b' should be in", "one.safetensors"});
}

TEST(WeightsFolder, NamesADamagedIndex) {
  const TempDir dir;
  const auto open = [&] { TensorFile::open(dir.path()); };

  write_index(dir, R"({"a": "../one.safetensors"})");
  expect_error(open, {kIndex, "'a'", "'../one.safetensors'", "a file beside it"});
  write_index(dir, R"({"a": ""})");
  expect_error(open, {kIndex, "'a'", "a file beside it"});
  write_index(dir, R"({"a": 3})");
  expect_error(open, {kIndex, "'a'", "expected the name of a shard, found 3"});
  write_index(dir, "1");
  expect_error(open, {kIndex, "'weight_map'"});
  write_index(dir, R"({"a": "s", "a": "s"})");
  expect_error(open, {kIndex, "names 'a' twice"});
  write_file(dir / kIndex, R"({"weight_map": )");
  expect_error(open, {kIndex, "not valid JSON"});
}

TEST(WeightsFolder, NamesAShardThatNoTensorIsIn) {
  const TempDir dir;
  write_safetensors(dir / kFirst, {{"a", at::ones({1})}});
  write_index(dir, std::string(R"({"a": ")") + kFirst + "\"}");

  expect_error([&] { TensorFile::open(dir.path()); },
               {kIndex, "no tensor is in the shard", kSecond, "expected 2 shards"});
}

TEST(WeightsFolder, NamesATensorInTwoShards) {
  const TempDir dir;
  write_safetensors(dir / kFirst, {{"a", at::ones({1})}});
  write_safetensors(dir / kSecond, {{"a", at::ones({1})}, {"b", at::ones({1})}});
  write_index(dir, fmt::format(R"({{"a": "{}", "b": "{}"}})", kFirst, kSecond));

  expect_error([&] { TensorFile::open(dir.path()); },
               {kIndex, "tensor 'a' is in two shards", kFirst, kSecond});
}

TEST(WeightsFolder, NamesADamagedShard) {
  const TempDir dir;
  write_weights(dir.path(), some_weights(), 24);
  std::filesystem::resize_file(dir / kSecond, std::filesystem::file_size(dir / kSecond) - 1);

  expect_error([&] { TensorFile::open(dir.path()); }, {kSecond, "tensor 'c'", "cut short"});
}

TEST(PickledWeights, AreRefusedWithTheCommandThatConvertsThem) {
  const TempDir dir;
  const auto folder = dir.path().string();
  const auto convert = "`launch/convert-pickle " + folder + " OUT`";
  const auto open = [&] { TensorFile::open(dir.path()); };

  write_file(dir / "training_args.bin", "");
  expect_error(open, {"found neither"});
  write_file(dir / "a.pt", "");
  expect_error(open, {(dir / "a.pt").string() + ": pickled weights are not read", convert});
  write_file(dir / "pytorch_model.bin", "");
  expect_error(open, {(dir / "pytorch_model.bin").string(), convert});
  for (const char* name : {"w.bin", "w.pth", "w.pt", "w.ckpt"}) {
    write_file(dir / name, "");
    expect_error([&] { TensorFile::open(dir / name); },
                 {(dir / name).string() + ": pickled", "convert-pickle " + (dir / name).string()});
  }
  EXPECT_THROW(open(), UsageError);
}

TEST(PickledWeights, DoNotMatterBesideSafetensors) {
  const TempDir dir;
  write_file(dir / "pytorch_model.bin", "");

  write_weights(dir.path(), some_weights());

  expect_holds(dir, some_weights());
}

}  // namespace
}  // namespace alarm_dist
