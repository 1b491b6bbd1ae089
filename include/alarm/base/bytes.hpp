// SPDX-License-Identifier: Apache-2.0
// Messages as bytes: little-endian numbers, strings and vectors, with every length checked on
// reading.
//
// For what ranks send each other and for small state files; both ends are the same build, so there
// is no versioning here.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "alarm/base/error.hpp"

namespace alarm_dist {

static_assert(std::endian::native == std::endian::little,
              "alarm-dist stores numbers little-endian");

using Bytes = std::vector<std::byte>;

class ByteWriter {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void put(const T& value) { append(&value, sizeof(T)); }
  void put_string(std::string_view text) {
    put<std::uint64_t>(text.size());
    append(text.data(), text.size());
  }
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void put_vector(std::span<const T> values) {
    put<std::uint64_t>(values.size());
    append(values.data(), values.size_bytes());
  }
  template <typename T>
  void put_vector(const std::vector<T>& values) {
    put_vector(std::span<const T>(values));
  }

  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }

 private:
  void append(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  Bytes bytes_;
};

// Reads what a ByteWriter wrote; throws Error when the bytes end early. Borrows the bytes.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T> T get() {
    T value;
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
    return value;
  }
  std::string get_string() {
    const auto size = get_count(1);
    const auto* begin = reinterpret_cast<const char*>(take(size));
    return std::string(begin, size);
  }
  template <typename T>
  requires std::is_trivially_copyable_v<T> std::vector<T> get_vector() {
    const auto count = get_count(sizeof(T));
    std::vector<T> values(count);
    const auto* begin = take(count * sizeof(T));
    if (count > 0) std::memcpy(values.data(), begin, count * sizeof(T));
    return values;
  }
  bool at_end() const { return position_ == bytes_.size(); }
  std::size_t position() const { return position_; }

 private:
  std::size_t get_count(std::size_t element_bytes) {
    const auto count = get<std::uint64_t>();
    ALARM_CHECK(count <= (bytes_.size() - position_) / element_bytes,
                "message claims {} elements of {} bytes, only {} bytes are left", count,
                element_bytes, bytes_.size() - position_);
    return static_cast<std::size_t>(count);
  }
  const std::byte* take(std::size_t size) {
    ALARM_CHECK(size <= bytes_.size() - position_, "message ends {} bytes early",
                size - (bytes_.size() - position_));
    const auto* begin = bytes_.data() + position_;
    position_ += size;
    return begin;
  }
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace alarm_dist
