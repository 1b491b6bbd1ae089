// SPDX-License-Identifier: Apache-2.0
#include "text/piece_trie.hpp"

#include <utility>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {
constexpr std::size_t kFirstEdges = 1U << 10;
constexpr std::size_t kMostNodes = 1U << 24;  // a node and a byte fit the key of an edge
}  // namespace

PieceTrie::PieceTrie() : edges_(kFirstEdges), mask_(kFirstEdges - 1), values_(1, -1) {}

void PieceTrie::add(std::string_view piece, std::int32_t value) {
  std::int32_t node = 0;
  for (const char byte : piece) {
    std::int32_t next = child(node, static_cast<unsigned char>(byte));
    if (next < 0) {
      next = static_cast<std::int32_t>(values_.size());
      ALARM_CHECK(values_.size() < kMostNodes - 1, "the vocabulary has more than {} bytes",
                  kMostNodes);
      values_.push_back(-1);
      insert({key_of(node, static_cast<unsigned char>(byte)), next});
    }
    node = next;
  }
  values_[static_cast<std::size_t>(node)] = value;
}

void PieceTrie::insert(Edge edge) {
  if (2 * values_.size() > edges_.size()) {
    const auto old = std::exchange(edges_, std::vector<Edge>(2 * edges_.size()));
    mask_ = edges_.size() - 1;
    for (const Edge& each : old) {
      if (each.key != kFree) insert(each);
    }
  }
  std::size_t at = slot_of(edge.key);
  while (edges_[at].key != kFree) at = (at + 1) & mask_;
  edges_[at] = edge;
}

}  // namespace alarm_dist
