// SPDX-License-Identifier: Apache-2.0
// A word while byte-pair encoding merges it: the pair of least rank, the leftmost first, until no
// pair has a rank.
#pragma once

#include <cstdint>
#include <vector>

#include "text/merge_table.hpp"
#include "text/word_model.hpp"

namespace alarm_dist {

// Reusable: keeps its memory from word to word.
class MergingWord {
 public:
  void clear();
  // `length`: bytes of the word that the token stands for.
  void append(std::int64_t id, std::int64_t length);
  void merge_all(const MergeTable& table);
  void take(std::vector<WordToken>& tokens) const;

 private:
  struct Symbol {
    std::int32_t id;
    std::int32_t length;
    Merge merge;  // with the symbol after it
    std::int32_t previous;
    std::int32_t next;
  };
  struct Candidate {
    std::int32_t rank;
    std::int32_t left;
    std::int32_t id;
    bool operator<(const Candidate& other) const {  // the greatest is on top of the heap
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };

  void merge_by_scanning(const MergeTable& table);
  void merge_by_heap(const MergeTable& table);
  void propose(std::int32_t left, const MergeTable& table);
  Symbol& at(std::int32_t index) { return symbols_[static_cast<std::size_t>(index)]; }

  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

}  // namespace alarm_dist
