// SPDX-License-Identifier: Apache-2.0
#include "store/gguf_parser.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <type_traits>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

constexpr std::uint32_t kMaxDimensions = 4;
constexpr std::uint64_t kDefaultAlignment = 32;
// The fewest bytes an entry can take: a count above the file's size over this is damage, found
// before any work.
constexpr std::uint64_t kLeastTensorBytes = 8 + 4 + 4 + 8;
constexpr std::uint64_t kLeastKeyBytes = 8 + 4 + 1;

enum class ValueType : std::uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64
};

struct Description {
  GgufTensor tensor;
  std::uint64_t offset = 0;
};

class Parser {
 public:
  explicit Parser(const MappedFile& file) : file_(file), bytes_(file.bytes()) {}

  GgufContent parse() {
    const auto [tensor_count, key_count] = read_counts();
    GgufContent content;
    for (std::uint64_t i = 0; i < key_count; ++i) read_pair(content.metadata);
    what_ = "the tensor descriptions";
    std::vector<Description> descriptions;
    std::set<std::string> names;
    for (std::uint64_t i = 0; i < tensor_count; ++i) {
      descriptions.push_back(read_description());
      const auto& name = descriptions.back().tensor.name;
      ALARM_CHECK(names.insert(name).second, "{}: two tensors are named '{}'", path(), name);
    }
    place(descriptions, alignment(content));
    for (auto& description : descriptions) content.tensors.push_back(std::move(description.tensor));
    return content;
  }

 private:
  std::pair<std::uint64_t, std::uint64_t> read_counts() {
    what_ = "the file's head";
    ALARM_CHECK(bytes_.size() >= 4 && std::memcmp(bytes_.data(), "GGUF", 4) == 0,
                "{}: not a GGUF file: it does not begin with 'GGUF'", path());
    position_ = 4;
    const auto version = get<std::uint32_t>();
    ALARM_CHECK(version == 2 || version == 3, "{}: GGUF version {}, expected 2 or 3{}", path(),
                version, (version & 0xffffU) == 0 ? " (a big-endian file?)" : "");
    const auto tensor_count = get<std::uint64_t>();
    const auto key_count = get<std::uint64_t>();
    ALARM_CHECK(tensor_count <= left() / kLeastTensorBytes,
                "{}: the file claims {} tensors, its {} bytes cannot hold that many", path(),
                tensor_count, bytes_.size());
    ALARM_CHECK(key_count <= left() / kLeastKeyBytes,
                "{}: the file claims {} metadata keys, its {} bytes cannot hold that many", path(),
                key_count, bytes_.size());
    return {tensor_count, key_count};
  }

  void read_pair(std::map<std::string, GgufValue>& metadata) {
    what_ = "the metadata";
    auto key = get_string();
    what_ = "key '" + key + "'";
    auto value = read_value();
    ALARM_CHECK(metadata.emplace(key, std::move(value)).second, "{}: key '{}' comes twice", path(),
                key);
  }

  GgufValue read_value() {
    const auto type = get<ValueType>();
    switch (type) {
      case ValueType::kFloat32:
      case ValueType::kFloat64:
        return get_number(type);
      case ValueType::kBool:
        return get<std::uint8_t>() != 0;
      case ValueType::kString:
        return get_string();
      case ValueType::kArray:
        return read_array();
      default:
        return get_integer(type);
    }
  }

  GgufValue read_array() {
    const auto type = get<ValueType>();
    const auto count = get<std::uint64_t>();
    // Each element takes at least a byte; checked before the loop so that no count makes it long.
    ALARM_CHECK(count <= left(), "{}: {}: cut short: a list claims {} elements, {} bytes are left",
                path(), what_, count, left());
    switch (type) {
      case ValueType::kFloat32:
      case ValueType::kFloat64:
        return read_list<double>(count, [&] { return get_number(type); });
      case ValueType::kString:
        return read_list<std::string>(count, [&] { return get_string(); });
      case ValueType::kArray:
        throw Error(path() + ": " + what_ + ": lists of lists are not supported");
      default:
        return read_list<std::int64_t>(count, [&] { return get_integer(type); });
    }
  }

  template <typename T, typename Read>
  std::vector<T> read_list(std::uint64_t count, Read read) {
    std::vector<T> list;
    for (std::uint64_t i = 0; i < count; ++i) list.push_back(read());
    return list;
  }

  std::int64_t get_integer(ValueType type) {
    switch (type) {
      case ValueType::kUint8:
      case ValueType::kBool:
        return get<std::uint8_t>();
      case ValueType::kInt8:
        return get<std::int8_t>();
      case ValueType::kUint16:
        return get<std::uint16_t>();
      case ValueType::kInt16:
        return get<std::int16_t>();
      case ValueType::kUint32:
        return get<std::uint32_t>();
      case ValueType::kInt32:
        return get<std::int32_t>();
      case ValueType::kInt64:
        return get<std::int64_t>();
      case ValueType::kUint64: {
        const auto value = get<std::uint64_t>();
        ALARM_CHECK(value <= std::numeric_limits<std::int64_t>::max(),
                    "{}: {}: {} is above 2^63 - 1", path(), what_, value);
        return static_cast<std::int64_t>(value);
      }
      default:
        throw Error(fmt::format("{}: {}: unknown value type {}, expected 0 to 12", path(), what_,
                                static_cast<std::uint32_t>(type)));
    }
  }

  double get_number(ValueType type) {
    return type == ValueType::kFloat32 ? static_cast<double>(get<float>()) : get<double>();
  }

  Description read_description() {
    Description description;
    auto& tensor = description.tensor;
    tensor.name = get_string();
    const auto dimensions = get<std::uint32_t>();
    ALARM_CHECK(dimensions <= kMaxDimensions, "{}: tensor '{}': {} dimensions, at most {} expected",
                path(), tensor.name, dimensions, kMaxDimensions);
    std::uint64_t elements = 1;
    std::uint64_t spread = 1;  // as elements, an extent of 0 not counted: strides must fit as well
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      const auto extent = get<std::uint64_t>();
      elements *= extent;
      ALARM_CHECK(
          extent <= kMaxElements &&
              !__builtin_mul_overflow(spread, std::max<std::uint64_t>(extent, 1), &spread) &&
              spread <= kMaxElements,
          "{}: tensor '{}': its shape overflows 64 bits", path(), tensor.name);
      tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(extent));
    }
    const auto type = get<std::uint32_t>();
    tensor.type = find_gguf_type(type);
    ALARM_CHECK(tensor.type != nullptr, "{}: tensor '{}': unknown type {}", path(), tensor.name,
                type);
    const std::int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
    ALARM_CHECK(row % tensor.type->block_elements == 0,
                "{}: tensor '{}': rows of {} are not whole {} blocks of {}", path(), tensor.name,
                row, tensor.type->name, tensor.type->block_elements);
    tensor.blocks = static_cast<std::int64_t>(elements / tensor.type->block_elements);
    description.offset = get<std::uint64_t>();
    return description;
  }

  std::uint64_t alignment(const GgufContent& content) const {
    const auto found = content.metadata.find("general.alignment");
    if (found == content.metadata.end()) return kDefaultAlignment;
    const auto* value = std::get_if<std::int64_t>(&found->second);
    ALARM_CHECK(
        value != nullptr && *value > 0 && std::has_single_bit(static_cast<std::uint64_t>(*value)),
        "{}: key 'general.alignment' should be a power of two, found {}", path(),
        value != nullptr ? std::to_string(*value) : "something that is no integer");
    return static_cast<std::uint64_t>(*value);
  }

  // Finds each tensor's bytes in the data section, which begins at the next aligned byte.
  void place(std::vector<Description>& descriptions, std::uint64_t align) const {
    const std::uint64_t padding = (align - position_ % align) % align;
    ALARM_CHECK(padding <= left() || descriptions.empty(), "{}: cut short before the tensors' data",
                path());
    const auto data = bytes_.subspan(position_ + std::min(padding, left()));
    for (auto& [tensor, offset] : descriptions) {
      const auto size = static_cast<std::uint64_t>(tensor.blocks) * tensor.type->block_bytes;
      ALARM_CHECK(offset % align == 0,
                  "{}: tensor '{}': offset {} is not a multiple of the alignment {}", path(),
                  tensor.name, offset, align);
      ALARM_CHECK(
          offset <= data.size() && size <= data.size() - offset,
          "{}: tensor '{}': {} bytes at offset {} of the data, which hold only {} (cut short?)",
          path(), tensor.name, size, offset, data.size());
      tensor.bytes = data.subspan(offset, size);
    }
    check_disjoint(descriptions);
  }

  void check_disjoint(const std::vector<Description>& descriptions) const {
    std::vector<const Description*> ordered;
    for (const auto& description : descriptions) {
      if (!description.tensor.bytes.empty()) ordered.push_back(&description);
    }
    std::sort(ordered.begin(), ordered.end(),
              [](const auto* a, const auto* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < ordered.size(); ++i) {
      const auto& before = *ordered[i - 1];
      ALARM_CHECK(ordered[i]->offset >= before.offset + before.tensor.bytes.size(),
                  "{}: tensors '{}' and '{}' overlap", path(), before.tensor.name,
                  ordered[i]->tensor.name);
    }
  }

  template <typename T>
  T get() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    return value;
  }

  std::string get_string() {
    const auto size = get<std::uint64_t>();
    const auto* begin = reinterpret_cast<const char*>(take(size));
    return std::string(begin, size);
  }

  const std::byte* take(std::uint64_t size) {
    ALARM_CHECK(size <= left(), "{}: {}: cut short: {} bytes expected at byte {}, {} are left",
                path(), what_, size, position_, left());
    const auto* begin = bytes_.data() + position_;
    position_ += size;
    return begin;
  }

  std::uint64_t left() const { return bytes_.size() - position_; }
  std::string path() const { return file_.path().string(); }

  // Four bits of room, so that no byte size below overflows.
  static constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 59;

  const MappedFile& file_;
  std::span<const std::byte> bytes_;
  std::uint64_t position_ = 0;
  std::string what_;  // what is being read, for messages
};

}  // namespace

GgufContent parse_gguf(const MappedFile& file) { return Parser(file).parse(); }

}  // namespace alarm_dist
