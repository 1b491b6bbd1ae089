// SPDX-License-Identifier: Apache-2.0
// Byte-level byte-pair encoding: merge the pair of least rank, the leftmost first, until no pair
// has a rank.
#include <array>
#include <queue>
#include <unordered_map>

#include "text/byte_alphabet.hpp"
#include "text/word_model.hpp"

namespace alarm_dist {
namespace {

struct Merge {
  std::int32_t rank = 0;
  std::int32_t id = 0;  // of the merged token
};

// Tokens by pair of ids.
class MergeTable {
 public:
  void add(std::int64_t left, std::int64_t right, Merge merge) {
    merges_[key(left, right)] = merge;
  }
  const Merge* find(std::int64_t left, std::int64_t right) const {
    const auto found = merges_.find(key(left, right));
    return found == merges_.end() ? nullptr : &found->second;
  }
  void reserve(std::size_t count) { merges_.reserve(count); }

 private:
  struct Mix {  // ids are small and regular; spread them over the buckets
    std::size_t operator()(std::uint64_t value) const {
      value *= 0x9E3779B97F4A7C15ULL;
      return static_cast<std::size_t>(value ^ (value >> 32));
    }
  };
  static std::uint64_t key(std::int64_t left, std::int64_t right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint64_t>(right);
  }
  std::unordered_map<std::uint64_t, Merge, Mix> merges_;
};

// The word while it is being merged: a list of tokens, and the merges that were possible when they
// were found.
class MergingWord {
 public:
  explicit MergingWord(const MergeTable& table) : table_(table) {}

  void append(WordToken token) {
    const auto index = static_cast<std::int32_t>(symbols_.size());
    symbols_.push_back({token, index - 1, index + 1, true});
  }

  void merge_all() {
    if (symbols_.empty()) return;
    symbols_.back().next = kEnd;
    for (std::size_t i = 0; i + 1 < symbols_.size(); ++i) propose(static_cast<std::int32_t>(i));
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      apply(best);
    }
  }

  void take(std::vector<WordToken>& tokens) const {
    for (const Symbol& symbol : symbols_) {
      if (symbol.alive) tokens.push_back(symbol.token);
    }
  }

 private:
  static constexpr std::int32_t kEnd = -1;

  struct Symbol {
    WordToken token;
    std::int32_t previous;
    std::int32_t next;
    bool alive;
  };
  struct Candidate {
    Merge merge;
    std::int32_t left;
    bool operator<(
        const Candidate& other) const {  // the greatest is on top: least rank, then leftmost
      return merge.rank != other.merge.rank ? merge.rank > other.merge.rank : left > other.left;
    }
  };

  Symbol& at(std::int32_t index) { return symbols_[static_cast<std::size_t>(index)]; }

  void propose(std::int32_t left) {
    const std::int32_t right = at(left).next;
    if (right == kEnd) return;
    const Merge* merge = table_.find(at(left).token.id, at(right).token.id);
    if (merge != nullptr) candidates_.push({*merge, left});
  }

  void apply(const Candidate& candidate) {
    Symbol& left = at(candidate.left);
    if (!left.alive || left.next == kEnd) return;
    Symbol& right = at(left.next);
    // The pair may have changed since it was proposed; its successors were proposed on their own.
    const Merge* merge = table_.find(left.token.id, right.token.id);
    if (merge == nullptr || merge->id != candidate.merge.id) return;
    left.token = {merge->id, {left.token.range.begin, right.token.range.end}};
    left.next = right.next;
    right.alive = false;
    if (left.next != kEnd) at(left.next).previous = candidate.left;
    if (left.previous != kEnd) propose(left.previous);
    propose(candidate.left);
  }

  const MergeTable& table_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> candidates_;
};

class BytePairModel final : public WordModel {
 public:
  BytePairModel(const JsonField& field, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary), ignore_merges_(field.boolean_or("ignore_merges", false)) {
    std::int64_t unknown = kNone;
    if (field.has("unk_token"))
      unknown = vocabulary.id_of(field.at("unk_token").text()).value_or(kNone);
    for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
      const auto token = byte_to_alphabet(static_cast<std::uint8_t>(byte));
      byte_ids_[byte] = vocabulary.id_of(token).value_or(unknown);
    }
    const auto merges = field.at("merges").elements();
    merges_.reserve(merges.size());
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
      add_merge(merges[rank], static_cast<std::int32_t>(rank));
    }
  }

  void tokenize(std::string_view word, std::vector<WordToken>& tokens) const override {
    const auto size = static_cast<std::int64_t>(word.size());
    if (ignore_merges_) {
      if (const auto id = vocabulary_.id_of(bytes_to_alphabet(word))) {
        tokens.push_back({*id, {0, size}});
        return;
      }
    }
    MergingWord merging(merges_);
    for (std::int64_t at = 0; at < size; ++at) {
      // A byte that the vocabulary lacks is left out, as `tokenizers` does.
      const std::int64_t id =
          byte_ids_[static_cast<unsigned char>(word[static_cast<std::size_t>(at)])];
      if (id != kNone) merging.append({id, {at, at + 1}});
    }
    merging.merge_all();
    merging.take(tokens);
  }

 private:
  static constexpr std::int64_t kNone = -1;

  // "left right", or ["left", "right"] in newer files.
  static std::pair<std::string, std::string> parts(const JsonField& merge) {
    if (merge.value().is_array()) {
      const auto elements = merge.elements();
      ALARM_CHECK(elements.size() == 2, "{}: expected two tokens, found {}", merge.where(),
                  elements.size());
      return {elements[0].text(), elements[1].text()};
    }
    const std::string text = merge.text();
    const std::size_t space = text.find(' ');
    ALARM_CHECK(space != std::string::npos && text.find(' ', space + 1) == std::string::npos,
                "{}: expected two tokens with one space between, found \"{}\"", merge.where(),
                text);
    return {text.substr(0, space), text.substr(space + 1)};
  }

  void add_merge(const JsonField& merge, std::int32_t rank) {
    const auto [left, right] = parts(merge);
    const auto id = [&](const std::string& token) {
      const auto found = vocabulary_.id_of(token);
      ALARM_CHECK(found, "{}: token \"{}\" is not in the vocabulary", merge.where(), token);
      return *found;
    };
    merges_.add(id(left), id(right), {rank, static_cast<std::int32_t>(id(left + right))});
  }

  const Vocabulary& vocabulary_;
  MergeTable merges_;
  std::array<std::int64_t, 256> byte_ids_{};
  bool ignore_merges_;
};

void refuse_unsupported(const JsonField& field) {
  if (field.has("dropout") && field.at("dropout").value() != 0) field.refuse("dropout");
  if (field.boolean_or("byte_fallback", false)) field.refuse("byte_fallback");
  if (field.boolean_or("fuse_unk", false) && !field.text_or("unk_token", "").empty()) {
    field.refuse("fuse_unk");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!field.text_or(key, "").empty()) field.refuse(key);
  }
}

}  // namespace

std::unique_ptr<WordModel> make_bpe(const JsonField& field, const Vocabulary& vocabulary) {
  refuse_unsupported(field);
  return std::make_unique<BytePairModel>(field, vocabulary);
}

}  // namespace alarm_dist
