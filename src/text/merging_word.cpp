// SPDX-License-Identifier: Apache-2.0
#include "text/merging_word.hpp"

#include <algorithm>

namespace alarm_dist {
namespace {

// Up to here looking at all pairs again after each merge is faster than a heap.
constexpr std::size_t kLongestScanned = 48;
constexpr std::int32_t kEnd = -1;

}  // namespace

void MergingWord::clear() { symbols_.clear(); }

void MergingWord::append(std::int64_t id, std::int64_t length) {
  symbols_.push_back({static_cast<std::int32_t>(id), static_cast<std::int32_t>(length), {}, 0, 0});
}

void MergingWord::merge_all(const MergeTable& table) {
  if (symbols_.size() < 2) return;
  for (std::size_t i = 0; i + 1 < symbols_.size(); ++i) {
    symbols_[i].merge = table.find(symbols_[i].id, symbols_[i + 1].id);
  }
  if (symbols_.size() <= kLongestScanned) {
    merge_by_scanning(table);
  } else {
    merge_by_heap(table);
  }
}

void MergingWord::merge_by_scanning(const MergeTable& table) {
  while (symbols_.size() > 1) {
    auto best = symbols_.begin();
    for (auto symbol = best + 1; symbol + 1 != symbols_.end(); ++symbol) {
      if (symbol->merge.rank < best->merge.rank) best = symbol;
    }
    if (!best->merge.possible()) return;
    best->id = best->merge.id;
    best->length += (best + 1)->length;
    symbols_.erase(best + 1);
    const bool last = best + 1 == symbols_.end();
    best->merge = last ? Merge{} : table.find(best->id, (best + 1)->id);
    if (best != symbols_.begin()) (best - 1)->merge = table.find((best - 1)->id, best->id);
  }
}

void MergingWord::propose(std::int32_t left, const MergeTable& table) {
  Symbol& symbol = at(left);
  symbol.merge = symbol.next == kEnd ? Merge{} : table.find(symbol.id, at(symbol.next).id);
  if (!symbol.merge.possible()) return;
  heap_.push_back({symbol.merge.rank, left, symbol.merge.id});
  std::push_heap(heap_.begin(), heap_.end());
}

void MergingWord::merge_by_heap(const MergeTable& table) {
  heap_.clear();
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    const auto index = static_cast<std::int32_t>(i);
    symbols_[i].previous = index - 1;
    symbols_[i].next = i + 1 < symbols_.size() ? index + 1 : kEnd;
    if (symbols_[i].merge.possible()) {
      heap_.push_back({symbols_[i].merge.rank, index, symbols_[i].merge.id});
    }
  }
  std::make_heap(heap_.begin(), heap_.end());
  while (!heap_.empty()) {
    const Candidate best = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
    Symbol& left = at(best.left);
    // The pair may have changed since it was proposed; its successor was proposed on its own.
    if (left.length == 0 || left.merge.id != best.id || left.merge.rank != best.rank) continue;
    Symbol& right = at(left.next);
    left.id = best.id;
    left.length += right.length;
    left.next = right.next;
    right.length = 0;  // gone
    right.merge = {};
    if (left.next != kEnd) at(left.next).previous = best.left;
    if (left.previous != kEnd) propose(left.previous, table);
    propose(best.left, table);
  }
  std::erase_if(symbols_, [](const Symbol& symbol) { return symbol.length == 0; });
}

void MergingWord::take(std::vector<WordToken>& tokens) const {
  std::int64_t begin = 0;
  for (const Symbol& symbol : symbols_) {
    tokens.push_back({symbol.id, {begin, begin + symbol.length}});
    begin += symbol.length;
  }
}

}  // namespace alarm_dist
