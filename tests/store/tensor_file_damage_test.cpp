// SPDX-License-Identifier: Apache-2.0
// Damaged safetensors files: each is refused with a message that names the file and what is wrong.
#include <cstring>
#include <filesystem>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "alarm/store/tensor_file.hpp"

#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using testing::expect_error;
using testing::TempDir;
using testing::write_file;

std::string length_bytes(std::uint64_t length) {
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes;
}

std::string with_header(const std::string& header, std::size_t data_bytes) {
  return length_bytes(header.size()) + header + std::string(data_bytes, '\0');
}

struct Damage {
  const char* name;
  std::string content;
  std::vector<std::string> message;
};

std::vector<Damage> damages() {
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::string huge = "4611686018427387904";  // 2^62
  return {
      {"Empty", "", {"not a safetensors file", "0 bytes, at least 8"}},
      {"HeaderLongerThanFile",
       length_bytes(1000) + "{}",
       {"cut short", "claims 1000 bytes, only 2"}},
      {"HeaderAbsurd",
       length_bytes(~std::uint64_t{0}) + "{}",
       {"not a safetensors file", "claims 18446744073709551615"}},
      {"BadJson", with_header("{\"x\":", 0), {"header is not valid JSON", "parse error"}},
      {"NotAnObject", with_header("[1]", 0), {"should be a JSON object, found array"}},
      {"InvalidUtf8", with_header("{\"\xff\":1}", 0), {"header is not valid JSON", "UTF-8"}},
      {"DataCutShort",
       with_header("{" + x + "}", 5),
       {"tensor 'x'", "end at byte 8", "only 5", "cut short"}},
      {"TrailingBytes", with_header("{" + x + "}", 9), {"9 bytes of data, expected 8"}},
      {"Overlap",
       with_header("{" + x + R"(,"y":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}})", 8),
       {"'x' and 'y' overlap", "ends at byte 8", "begins at 4"}},
      {"Gap",
       with_header("{" + x + R"(,"y":{"dtype":"I8","shape":[1],"data_offsets":[9,10]}})", 10),
       {"'y' begins at byte 9, expected 8"}},
      {"SizeUnlikeShape",
       with_header(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8),
       {"tensor 'x'", "F32 of shape [3] takes 12 bytes, found 8"}},
      {"UnknownType",
       with_header(R"({"x":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}})", 8),
       {"tensor 'x'", "unknown dtype \"F8_E4M3\"", "expected one of F64"}},
      {"Reversed",
       with_header(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8),
       {"tensor 'x'", "data_offsets should be [begin, end], found [8,0]"}},
      {"NegativeShape",
       with_header(R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8),
       {"tensor 'x'", "shape should be a list of whole numbers, found [-2]"}},
      {"Overflow",
       with_header(R"({"x":{"dtype":"F32","shape":[)" + huge + R"(,4],"data_offsets":[0,0]}})", 0),
       {"tensor 'x'", "overflows 64 bits"}},
      {"MissingField",
       with_header(R"({"x":{"dtype":"F32","shape":[2]}})", 8),
       {"tensor 'x'", "expected an object with dtype, shape and data_offsets"}},
      {"Duplicate", with_header("{" + x + "," + x + "}", 8), {"names 'x' twice"}},
      {"BadMetadata",
       with_header(R"({"__metadata__":{"a":1},)" + x + "}", 8),
       {"__metadata__ 'a' should be a string"}},
  };
}

class DamagedTensorFile : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedTensorFile, IsRefusedWithAMessage) {
  const TempDir dir;
  const auto path = dir / "damaged.safetensors";
  write_file(path, GetParam().content);
  auto parts = GetParam().message;
  parts.push_back(path.string());

  expect_error([&] { TensorFile::open(path); }, parts);
}

INSTANTIATE_TEST_SUITE_P(Store, DamagedTensorFile, ::testing::ValuesIn(damages()),
                         [](const auto& damage) { return std::string(damage.param.name); });

// A valid file cut at any byte is refused: no length in it is trusted.
TEST(TensorFileDamageTest, RefusesEveryCut) {
  const TempDir dir;
  write_safetensors(dir / "cut", {{"x", at::ones({3})}, {"y", at::ones({2}, at::kLong)}});

  for (auto size = std::filesystem::file_size(dir / "cut"); size-- > 0;) {
    std::filesystem::resize_file(dir / "cut", size);
    expect_error([&] { TensorFile::open(dir / "cut"); }, {"cut"});
  }
}

}  // namespace
}  // namespace alarm_dist
