// SPDX-License-Identifier: Apache-2.0
// Damaged GGUF files: each is refused with a message that names the file and what is wrong.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alarm/store/gguf.hpp"

#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using testing::expect_error;
using testing::TempDir;
using testing::write_file;

// Builds the bytes of a GGUF file piece by piece, right or wrong.
class GgufBytes {
 public:
  GgufBytes(std::uint32_t version, std::uint64_t tensors, std::uint64_t keys) : bytes_("GGUF") {
    put(version).put(tensors).put(keys);
  }
  template <typename T>
  GgufBytes& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  GgufBytes& put_string(const std::string& text) {
    put<std::uint64_t>(text.size());
    bytes_ += text;
    return *this;
  }
  GgufBytes& tensor(const std::string& name, std::vector<std::uint64_t> extents, std::uint32_t type,
                    std::uint64_t offset) {
    put_string(name).put(static_cast<std::uint32_t>(extents.size()));
    for (const auto extent : extents) put(extent);
    return put(type).put(offset);
  }
  GgufBytes& data(std::size_t size) {
    bytes_.append((32 - bytes_.size() % 32) % 32 + size, '\0');
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

constexpr std::uint32_t kF32 = 0, kQ4_1 = 3, kUint32 = 4, kArray = 9, kString = 8, kUint64 = 10;

struct Damage {
  const char* name;
  std::string content;
  std::vector<std::string> message;
};

std::vector<Damage> damages() {
  const std::uint64_t huge = std::uint64_t{1} << 62;
  return {
      {"BadMagic", "GGML" + std::string(40, '\0'), {"not a GGUF file"}},
      {"Empty", "", {"not a GGUF file"}},
      {"OldVersion", GgufBytes(1, 0, 0).bytes(), {"version 1, expected 2 or 3"}},
      {"BigEndian", GgufBytes(0x03000000, 0, 0).bytes(), {"expected 2 or 3", "big-endian"}},
      {"TooManyTensors",
       GgufBytes(3, huge, 0).data(64).bytes(),
       {"claims 4611686018427387904 tensors"}},
      {"TooManyKeys",
       GgufBytes(3, 0, huge).data(64).bytes(),
       {"claims 4611686018427387904 metadata keys"}},
      {"HeadCutShort", GgufBytes(3, 0, 0).bytes().substr(0, 15), {"the file's head", "cut short"}},
      {"LongString", GgufBytes(3, 0, 1).put(huge).data(64).bytes(), {"the metadata", "cut short"}},
      {"LongList",
       GgufBytes(3, 0, 1).put_string("k").put(kArray).put(kUint32).put(huge).data(64).bytes(),
       {"key 'k'", "a list claims 4611686018427387904 elements"}},
      {"UnknownValueType",
       GgufBytes(3, 0, 1).put_string("k").put(std::uint32_t{77}).data(64).bytes(),
       {"key 'k'", "unknown value type 77"}},
      {"ListOfLists",
       GgufBytes(3, 0, 1)
           .put_string("k")
           .put(kArray)
           .put(kArray)
           .put<std::uint64_t>(1)
           .data(64)
           .bytes(),
       {"key 'k'", "lists of lists"}},
      {"IntegerTooLarge",
       GgufBytes(3, 0, 1).put_string("k").put(kUint64).put(~std::uint64_t{0}).bytes(),
       {"key 'k'", "above 2^63 - 1"}},
      {"KeyTwice",
       GgufBytes(3, 0, 2)
           .put_string("k")
           .put(kUint32)
           .put(1)
           .put_string("k")
           .put(kUint32)
           .put(1)
           .bytes(),
       {"key 'k' comes twice"}},
      {"BadAlignment",
       GgufBytes(3, 0, 1).put_string("general.alignment").put(kUint32).put(24).data(64).bytes(),
       {"'general.alignment' should be a power of two, found 24"}},
      {"AlignmentIsText",
       GgufBytes(3, 0, 1).put_string("general.alignment").put(kString).put_string("x").bytes(),
       {"'general.alignment' should be a power of two", "no integer"}},
      {"TensorTwice",
       GgufBytes(3, 2, 0).tensor("x", {2}, kF32, 0).tensor("x", {2}, kF32, 32).data(64).bytes(),
       {"two tensors are named 'x'"}},
      {"TooManyDimensions",
       GgufBytes(3, 1, 0).tensor("x", {1, 1, 1, 1, 1}, kF32, 0).data(64).bytes(),
       {"tensor 'x'", "5 dimensions, at most 4"}},
      {"UnknownType",
       GgufBytes(3, 1, 0).tensor("x", {2}, 99, 0).data(64).bytes(),
       {"tensor 'x'", "unknown type 99"}},
      {"Overflow",
       GgufBytes(3, 1, 0).tensor("x", {huge, 8}, kF32, 0).data(64).bytes(),
       {"tensor 'x'", "overflows"}},
      {"PartBlock",
       GgufBytes(3, 1, 0).tensor("x", {33, 32}, kQ4_1, 0).data(4096).bytes(),
       {"tensor 'x'", "rows of 33 are not whole Q4_1 blocks of 32"}},
      {"DataCutShort",
       GgufBytes(3, 1, 0).tensor("x", {32, 4}, kQ4_1, 0).data(79).bytes(),
       {"tensor 'x'", "80 bytes at offset 0", "only 79"}},
      {"OffsetOutside",
       GgufBytes(3, 1, 0).tensor("x", {2}, kF32, 1 << 20).data(64).bytes(),
       {"tensor 'x'", "at offset 1048576"}},
      {"OffsetUnaligned",
       GgufBytes(3, 1, 0).tensor("x", {2}, kF32, 4).data(64).bytes(),
       {"tensor 'x'", "offset 4 is not a multiple of the alignment 32"}},
      {"Overlap",
       GgufBytes(3, 2, 0).tensor("x", {9}, kF32, 0).tensor("y", {2}, kF32, 32).data(64).bytes(),
       {"tensors 'x' and 'y' overlap"}},
  };
}

class DamagedGguf : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedGguf, IsRefusedWithAMessage) {
  const TempDir dir;
  const auto path = dir / "damaged.gguf";
  write_file(path, GetParam().content);
  auto parts = GetParam().message;
  parts.push_back(path.string());

  expect_error([&] { GgufFile::open(path); }, parts);
}

INSTANTIATE_TEST_SUITE_P(Store, DamagedGguf, ::testing::ValuesIn(damages()),
                         [](const auto& damage) { return std::string(damage.param.name); });

TEST(GgufDamageTest, RefusesEveryCut) {
  const TempDir dir;
  std::filesystem::copy_file(testing::source_dir() / "tests/data/store/small.gguf", dir / "cut");
  const auto data_end =
      std::filesystem::file_size(dir / "cut") - 44;  // the last tensor is 20 bytes, padded to 64

  for (auto size = data_end; size-- > 0;) {
    std::filesystem::resize_file(dir / "cut", size);
    expect_error([&] { GgufFile::open(dir / "cut"); }, {"cut"});
  }
}

TEST(GgufDamageTest, OpensAFileWithAnUnsupportedTypeAndNamesIt) {
  const TempDir dir;
  write_file(dir / "a", GgufBytes(2, 1, 0).tensor("x", {256}, 17, 0).data(74).bytes());
  const auto file = GgufFile::open(dir / "a");

  EXPECT_EQ(file.quantization("x"), "IQ2_XS");
  expect_error([&] { file.dequantize("x"); }, {"tensor 'x' is IQ2_XS, expected one of F32 F16"});
}

}  // namespace
}  // namespace alarm_dist
