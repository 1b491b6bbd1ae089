// SPDX-License-Identifier: Apache-2.0
// WordPiece: from the left, the longest token that fits; a word that does not come out even is
// unknown as a whole.
#include "text/unicode.hpp"
#include "text/word_model.hpp"

namespace alarm_dist {
namespace {

class WordPieceModel final : public WordModel {
 public:
  WordPieceModel(const JsonField& field, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary),
        prefix_(field.text_or("continuing_subword_prefix", "##")),
        most_characters_(
            static_cast<std::size_t>(field.integer_or("max_input_chars_per_word", 100))) {
    unknown_ = unknown_id(field, field.text_or("unk_token", "[UNK]"), vocabulary);
  }

  void tokenize(std::string_view word, std::vector<WordToken>& tokens) const override {
    const std::size_t first = tokens.size();
    std::size_t begin = 0;
    if (count_characters(word) <= most_characters_) {
      while (begin < word.size() && add_longest(word, begin, tokens)) {
        begin = static_cast<std::size_t>(tokens.back().range.end);
      }
    }
    if (begin == word.size()) return;
    tokens.resize(first);
    tokens.push_back({unknown_, {0, static_cast<std::int64_t>(word.size())}});
  }

 private:
  bool add_longest(std::string_view word, std::size_t begin, std::vector<WordToken>& tokens) const {
    std::string candidate = begin > 0 ? prefix_ : std::string();
    candidate += word.substr(begin);
    for (std::size_t end = word.size(); end > begin; end = previous_character(word, end)) {
      candidate.resize(candidate.size() - (word.size() - end));
      word = word.substr(0, end);
      if (const auto id = vocabulary_.id_of(candidate)) {
        tokens.push_back({*id, {static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)}});
        return true;
      }
    }
    return false;
  }

  const Vocabulary& vocabulary_;
  std::string prefix_;
  std::size_t most_characters_;
  std::int64_t unknown_ = 0;
};

}  // namespace

WordModelPtr make_wordpiece(const JsonField& field, const Vocabulary& vocabulary) {
  return std::make_unique<WordPieceModel>(field, vocabulary);
}

}  // namespace alarm_dist
