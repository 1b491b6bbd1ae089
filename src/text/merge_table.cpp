// SPDX-License-Identifier: Apache-2.0
#include "text/merge_table.hpp"

#include <algorithm>
#include <bit>

namespace alarm_dist {

MergeTable::MergeTable(std::size_t count)
    : slots_(std::bit_ceil(std::max<std::size_t>(2 * count, 2))), mask_(slots_.size() - 1) {}

void MergeTable::add(std::int32_t left, std::int32_t right, Merge merge) {
  const std::uint64_t key = key_of(left, right);
  std::size_t at = slot_of(key);
  while (slots_[at].key != key && slots_[at].key != kFree) at = (at + 1) & mask_;
  slots_[at] = {key, merge};
}

}  // namespace alarm_dist
