// SPDX-License-Identifier: Apache-2.0
// The tokens of a vocabulary by their bytes, for "which tokens begin here?".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace alarm_dist {

class PieceTrie {
 public:
  PieceTrie();
  void add(std::string_view piece, std::int32_t value);

  // Calls handle(bytes, value) for each piece that the text begins with, shortest first.
  template <typename Handle>
  void for_each_prefix(std::string_view text, Handle handle) const {
    std::int32_t node = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      node = child(node, static_cast<unsigned char>(text[at]));
      if (node < 0) return;
      if (values_[static_cast<std::size_t>(node)] >= 0) {
        handle(at + 1, values_[static_cast<std::size_t>(node)]);
      }
    }
  }

 private:
  struct Edge {
    std::uint32_t key = kFree;  // node and byte
    std::int32_t child = -1;
  };
  static constexpr std::uint32_t kFree = ~std::uint32_t{0};

  static std::uint32_t key_of(std::int32_t node, unsigned char byte) {
    return static_cast<std::uint32_t>(node) << 8 | byte;
  }
  std::size_t slot_of(std::uint32_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> 32) & mask_;
  }
  std::int32_t child(std::int32_t node, unsigned char byte) const {
    const std::uint32_t key = key_of(node, byte);
    for (std::size_t at = slot_of(key);; at = (at + 1) & mask_) {
      if (edges_[at].key == key) return edges_[at].child;
      if (edges_[at].key == kFree) return -1;
    }
  }
  void insert(Edge edge);

  std::vector<Edge> edges_;  // open addressing
  std::size_t mask_;
  std::vector<std::int32_t> values_;  // by node; -1 where no piece ends
};

}  // namespace alarm_dist
