// SPDX-License-Identifier: Apache-2.0
#include "store/safetensors_header.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

#include <fmt/ranges.h>

#include "alarm/base/error.hpp"

#include "store/checked_json.hpp"
#include "store/tensor_type.hpp"

namespace alarm_dist {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit

// Reads the entries of one file; all offsets it hands out are relative to data_.
class HeaderReader {
 public:
  explicit HeaderReader(const MappedFile& file) : file_(file) {}

  SafetensorsHeader read() {
    const json header = parse_json_object(split_header(), file_.path(), "header");
    SafetensorsHeader result;
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        result.metadata = read_metadata(entry);
      } else {
        result.tensors.emplace(name, read_tensor(name, entry));
      }
    }
    check_no_gaps(result);
    return result;
  }

 private:
  // The JSON text; what follows it becomes data_.
  std::string_view split_header() {
    const auto bytes = file_.bytes();
    ALARM_CHECK(bytes.size() >= kLengthBytes,
                "{}: not a safetensors file: {} bytes, at least {} expected", path(), bytes.size(),
                kLengthBytes);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), kLengthBytes);
    ALARM_CHECK(length <= kMaxHeaderBytes,
                "{}: not a safetensors file: its header claims {} bytes, at most {} expected",
                path(), length, kMaxHeaderBytes);
    ALARM_CHECK(length <= bytes.size() - kLengthBytes,
                "{}: cut short: the header claims {} bytes, only {} are left in the file", path(),
                length, bytes.size() - kLengthBytes);
    const auto text = bytes.subspan(kLengthBytes, length);
    data_ = bytes.subspan(kLengthBytes + length);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  std::map<std::string, std::string> read_metadata(const json& entry) const {
    std::map<std::string, std::string> metadata;
    ALARM_CHECK(entry.is_object(), "{}: __metadata__ should be an object, found {}", path(),
                entry.type_name());
    for (const auto& [key, value] : entry.items()) {
      ALARM_CHECK(value.is_string(), "{}: __metadata__ '{}' should be a string, found {}", path(),
                  key, value.type_name());
      metadata.emplace(key, value.get<std::string>());
    }
    return metadata;
  }

  StoredTensor read_tensor(const std::string& name, const json& entry) const {
    ALARM_CHECK(entry.is_object() && entry.contains("dtype") && entry.contains("shape") &&
                    entry.contains("data_offsets"),
                "{}: tensor '{}': expected an object with dtype, shape and data_offsets, found {}",
                path(), name, entry.dump().substr(0, 200));
    const auto& type_name = entry["dtype"];
    const auto type =
        type_name.is_string() ? tensor_type(type_name.get<std::string>()) : std::nullopt;
    ALARM_CHECK(type.has_value(),
                "{}: tensor '{}': unknown dtype {}, expected one of F64 F32 F16 BF16 I64 I32 I16 "
                "I8 U8 BOOL",
                path(), name, type_name.dump());
    StoredTensor tensor;
    tensor.type = *type;
    for (const auto extent : read_numbers(name, entry["shape"], "shape")) {
      ALARM_CHECK(extent <= std::numeric_limits<std::int64_t>::max(),
                  "{}: tensor '{}': shape {} is too large", path(), name, entry["shape"].dump());
      tensor.shape.push_back(static_cast<std::int64_t>(extent));
    }
    tensor.bytes = read_range(name, entry["data_offsets"]);
    const std::uint64_t expected = byte_size(name, tensor);
    ALARM_CHECK(tensor.bytes.size() == expected,
                "{}: tensor '{}': {} of shape [{}] takes {} bytes, found {}", path(), name,
                type_name.get<std::string>(), fmt::join(tensor.shape, ", "), expected,
                tensor.bytes.size());
    return tensor;
  }

  std::vector<std::uint64_t> read_numbers(const std::string& name, const json& array,
                                          const char* what) const {
    std::vector<std::uint64_t> numbers;
    bool valid = array.is_array();
    if (valid) {
      for (const auto& number : array) valid = valid && number.is_number_unsigned();
    }
    ALARM_CHECK(valid, "{}: tensor '{}': {} should be a list of whole numbers, found {}", path(),
                name, what, array.dump().substr(0, 200));
    for (const auto& number : array) numbers.push_back(number.get<std::uint64_t>());
    return numbers;
  }

  std::span<const std::byte> read_range(const std::string& name, const json& offsets) const {
    const auto range = read_numbers(name, offsets, "data_offsets");
    ALARM_CHECK(range.size() == 2 && range[0] <= range[1],
                "{}: tensor '{}': data_offsets should be [begin, end], found {}", path(), name,
                offsets.dump());
    ALARM_CHECK(range[1] <= data_.size(),
                "{}: tensor '{}': its data end at byte {}, the file holds only {} (cut short?)",
                path(), name, range[1], data_.size());
    return data_.subspan(range[0], range[1] - range[0]);
  }

  std::uint64_t byte_size(const std::string& name, const StoredTensor& tensor) const {
    std::uint64_t size = c10::elementSize(tensor.type);
    std::int64_t spread = c10::elementSize(tensor.type);  // an extent of 0 not counted: for strides
    bool fits = true;
    for (const auto extent : tensor.shape) {
      fits = fits && !__builtin_mul_overflow(spread, std::max<std::int64_t>(extent, 1), &spread);
      size *= static_cast<std::uint64_t>(extent);
    }
    ALARM_CHECK(fits, "{}: tensor '{}': shape [{}] overflows 64 bits", path(), name,
                fmt::join(tensor.shape, ", "));
    return size;
  }

  // Every byte of the data belongs to exactly one tensor, as in the format's reference
  // implementation.
  void check_no_gaps(const SafetensorsHeader& header) const {
    std::vector<std::pair<std::span<const std::byte>, const std::string*>> ranges;
    for (const auto& [name, tensor] : header.tensors) ranges.emplace_back(tensor.bytes, &name);
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first.data(), a.first.size()) < std::pair(b.first.data(), b.first.size());
    });
    std::size_t end = 0;
    const std::string* before = nullptr;
    for (const auto& [bytes, name] : ranges) {
      const auto begin = static_cast<std::size_t>(bytes.data() - data_.data());
      ALARM_CHECK(begin >= end,
                  "{}: tensors '{}' and '{}' overlap: one ends at byte {}, the other begins at {}",
                  path(), *before, *name, end, begin);
      ALARM_CHECK(begin == end, "{}: tensor '{}' begins at byte {}, expected {}: a gap of {} bytes",
                  path(), *name, begin, end, begin - end);
      end = begin + bytes.size();
      before = name;
    }
    ALARM_CHECK(end == data_.size(),
                "{}: {} bytes of data, expected {}: bytes that belong to no tensor", path(),
                data_.size(), end);
  }

  std::string path() const { return file_.path().string(); }

  const MappedFile& file_;
  std::span<const std::byte> data_;
};

}  // namespace

SafetensorsHeader read_safetensors_header(const MappedFile& file) {
  return HeaderReader(file).read();
}

}  // namespace alarm_dist
