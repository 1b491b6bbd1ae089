// SPDX-License-Identifier: Apache-2.0
// WordLevel: a word is a token or unknown.
#include "text/word_model.hpp"

namespace alarm_dist {
namespace {

class WordLevelModel final : public WordModel {
 public:
  WordLevelModel(const JsonField& field, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary),
        unknown_(unknown_id(field, field.text_or("unk_token", "<unk>"), vocabulary)) {}

  void tokenize(std::string_view word, std::vector<WordToken>& tokens) const override {
    tokens.push_back(
        {vocabulary_.id_of(word).value_or(unknown_), {0, static_cast<std::int64_t>(word.size())}});
  }

 private:
  const Vocabulary& vocabulary_;
  std::int64_t unknown_;
};

}  // namespace

WordModelPtr make_word_level(const JsonField& field, const Vocabulary& vocabulary) {
  return std::make_unique<WordLevelModel>(field, vocabulary);
}

std::int64_t unknown_id(const JsonField& field, const std::string& token,
                        const Vocabulary& vocabulary) {
  const auto id = vocabulary.id_of(token);
  ALARM_CHECK(id, "{}: unk_token \"{}\" is not in the vocabulary", field.where(), token);
  return *id;
}

}  // namespace alarm_dist
