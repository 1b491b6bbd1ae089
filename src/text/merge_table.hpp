// SPDX-License-Identifier: Apache-2.0
// The merges of byte-pair encoding: which pairs of tokens become one, and in which order.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace alarm_dist {

struct Merge {
  std::int32_t rank = std::numeric_limits<std::int32_t>::max();
  std::int32_t id = -1;  // of the merged token

  bool possible() const { return id >= 0; }
};

// Open addressing in one array: this is looked up several times for each byte of text.
class MergeTable {
 public:
  explicit MergeTable(std::size_t count);
  // The merge of a pair that is there already is replaced.
  void add(std::int32_t left, std::int32_t right, Merge merge);

  Merge find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t key = key_of(left, right);
    for (std::size_t at = slot_of(key);; at = (at + 1) & mask_) {
      if (slots_[at].key == key) return slots_[at].merge;
      if (slots_[at].key == kFree) return {};
    }
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};  // no pair of ids that are not negative

  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };

  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
  }
  std::size_t slot_of(std::uint64_t key) const {
    // Ids are small and regular; the multiplication spreads them over the upper bits.
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> 32) & mask_;
  }

  std::vector<Slot> slots_;
  std::size_t mask_;
};

}  // namespace alarm_dist
