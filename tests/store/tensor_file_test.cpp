// SPDX-License-Identifier: Apache-2.0
// Reading and writing safetensors, against the PyPI package (tests/golden/make_safetensors.py).
#include "alarm/store/tensor_file.hpp"

#include <cstdlib>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/store/atomic_file.hpp"

#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using testing::expect_error;
using testing::source_dir;
using testing::TempDir;

// The tensors of make_safetensors.py.
NamedTensors every_type() {
  const auto i = at::arange(6).reshape({2, 3});
  const auto quarters = (i - 2).to(at::kDouble) / 4;
  return {{"f64", quarters},
          {"f32", quarters.to(at::kFloat)},
          {"f16", quarters.to(at::kHalf)},
          {"bf16", quarters.to(at::kBFloat16)},
          {"i64", i - 2},
          {"i32", (i - 2).to(at::kInt)},
          {"i16", (i - 2).to(at::kShort)},
          {"i8", (i - 2).to(at::kChar)},
          {"u8", i.to(at::kByte)},
          {"bool", (i % 2).to(at::kBool)},
          {"empty", at::zeros({0, 4})},
          {"scalar", at::scalar_tensor(7.5, at::kDouble)}};
}

void expect_same(const TensorFile& file, const NamedTensors& expected) {
  EXPECT_EQ(file.names().size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    const auto found = file.get(name);
    EXPECT_EQ(found.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(found, tensor)) << name;
  }
}

TEST(TensorFileTest, ReadsWhatSafetensorsWrote) {
  const auto file = TensorFile::open(source_dir() / "tests/data/store/golden.safetensors");

  expect_same(file, every_type());
  EXPECT_THAT(file.metadata(), ::testing::ElementsAre(::testing::Pair("format", "pt"),
                                                      ::testing::Pair("note", "größer")));
  EXPECT_TRUE(std::is_sorted(file.names().begin(), file.names().end()));
}

// With ALARM_KEEP_SAFETENSORS=FILE the file stays for `make_safetensors.py check FILE`.
TEST(TensorFileTest, RoundTripsEveryType) {
  const TempDir dir;
  const char* keep = std::getenv("ALARM_KEEP_SAFETENSORS");
  const auto path = keep != nullptr ? std::filesystem::path(keep) : dir / "all.safetensors";

  write_safetensors(path, every_type(), {{"format", "pt"}, {"note", "größer"}});

  const auto file = TensorFile::open(path);
  expect_same(file, every_type());
  EXPECT_EQ(file.metadata().at("note"), "größer");
}

TEST(TensorFileTest, AlignsTheDataAndEachTensor) {
  const TempDir dir;

  write_safetensors(dir / "a", every_type());

  constexpr std::size_t kDataBytes = 8 + 6 * (8 + 4 + 2 + 2 + 8 + 4 + 2 + 1 + 1 + 1);
  EXPECT_EQ((read_whole_file(dir / "a").size() - kDataBytes) % 8, 0);
  const auto file = TensorFile::open(dir / "a");
  for (const auto& name : file.names())
    EXPECT_EQ(file.get(name).data_ptr(), file.get(name).data_ptr()) << name;
}

TEST(TensorFileTest, WritesViewsAsTheyRead) {
  const TempDir dir;
  const auto base = at::arange(24, at::kFloat).reshape({4, 6});

  write_safetensors(
      dir / "views",
      {{"transposed", base.t()}, {"strided", base.slice(1, 1, 6, 2)}, {"row", base[2]}});

  const auto file = TensorFile::open(dir / "views");
  EXPECT_TRUE(at::equal(file.get("transposed"), base.t()));
  EXPECT_TRUE(at::equal(file.get("strided"), base.slice(1, 1, 6, 2)));
  EXPECT_TRUE(at::equal(file.get("row"), base[2]));
}

TEST(TensorFileTest, TensorsAreViewsOfOneMapAndOutliveTheFile) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"x", at::arange(6, at::kFloat)}});
  at::Tensor first, second;
  {
    const auto file = TensorFile::open(dir / "a");

    first = file.get("x");
    second = file.get("x");
  }

  EXPECT_EQ(first.data_ptr(), second.data_ptr());
  EXPECT_TRUE(at::equal(first, at::arange(6, at::kFloat)));
}

TEST(TensorFileTest, CopiesTensorsThatTheFileDoesNotAlign) {
  const TempDir dir;
  const std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  std::string content(8, '\0');
  content[0] = static_cast<char>(header.size() + 1);
  const float values[] = {1.5F, -2.0F};
  content += header + " " + std::string(reinterpret_cast<const char*>(values), sizeof(values));
  ASSERT_NE((8 + header.size() + 1) % 4, 0);
  testing::write_file(dir / "a", content);

  const auto file = TensorFile::open(dir / "a");

  EXPECT_TRUE(at::equal(file.get("x"), at::tensor({1.5F, -2.0F})));
}

TEST(TensorFileTest, KeepsTheGivenOrderEndToEnd) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"q", at::ones({2, 4})},
                                {"ids", at::arange(3)},
                                {"k", at::zeros({1, 4})},
                                {"a", at::full({1, 4}, 2.0)}});

  const auto file = TensorFile::open(dir / "a");

  const auto q = file.get("q"), k = file.get("k"), a = file.get("a");
  EXPECT_EQ(static_cast<float*>(q.data_ptr()) + q.numel(), k.data_ptr());
  EXPECT_EQ(static_cast<float*>(k.data_ptr()) + k.numel(), a.data_ptr());
  EXPECT_EQ(static_cast<std::int64_t*>(file.get("ids").data_ptr()) + 3, q.data_ptr())
      << "wider elements come first";
}

TEST(TensorFileTest, NamesTheTensorThatIsNotOfNumbers) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"w", at::ones({2, 3}).to(at::kChar)}});
  const auto file = TensorFile::open(dir / "a");

  expect_error(
      [&] {
        file.get("w", {2, 3});
      },
      {(dir / "a").string(), "'w'", "expected floating-point numbers", "found I8"});
}

TEST(TensorFileTest, NamesTheTensorThatIsMissingOrOfAnotherShape) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"layer.0.weight", at::ones({2, 3})}});
  const auto file = TensorFile::open(dir / "a");

  expect_error([&] { file.get("layer.0.weigth"); },
               {(dir / "a").string(), "'layer.0.weigth' is missing", "layer.0.weight"});
  expect_error(
      [&] {
        file.get("layer.0.weight", {3, 2});
      },
      {"'layer.0.weight'", "expected shape [3, 2], found [2, 3]"});
  EXPECT_EQ(file.get("layer.0.weight", {2, 3}).numel(), 6);
}

TEST(TensorFileTest, RefusesWhatTheFormatCannotHold) {
  const TempDir dir;
  const auto one = at::ones({1});

  expect_error(
      [&] {
        write_safetensors(dir / "a", {{"x", one}, {"x", one}});
      },
      {"two tensors named 'x'"});
  expect_error(
      [&] {
        write_safetensors(dir / "a", {{"x", one.to(at::kComplexFloat)}});
      },
      {"'x'", "ComplexFloat"});
  expect_error([&] { write_safetensors(dir / "a", {{"\xff", one}}); }, {"not UTF-8"});
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(TensorFileTest, MovesAndSelfMoves) {
  const TempDir dir;
  write_safetensors(dir / "a", {{"x", at::ones({1})}});
  auto file = TensorFile::open(dir / "a");

  TensorFile moved = std::move(file);
  file = TensorFile::open(dir / "a");
  std::swap(file, moved);

  EXPECT_TRUE(file.contains("x"));
  EXPECT_TRUE(moved.contains("x"));
}

}  // namespace
}  // namespace alarm_dist
