// SPDX-License-Identifier: Apache-2.0
#include "text/post_processor.hpp"

#include <algorithm>

#include "text/byte_alphabet.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

bool is_space(char32_t code) {
  constexpr char32_t kAlphabetSpace = 0x120;
  return code == kAlphabetSpace || is_white_space(code);
}

struct SpaceRuns {
  std::int64_t leading = 0;
  std::int64_t trailing = 0;
};

SpaceRuns count_spaces(std::string_view token) {
  SpaceRuns runs;
  bool only_spaces = true;
  for (std::size_t at = 0; at < token.size();) {
    const Character character = character_at(token, at);
    at += character.size;
    const bool space = is_space(character.code);
    only_spaces = only_spaces && space;
    runs.leading += only_spaces ? 1 : 0;
    runs.trailing = space ? runs.trailing + 1 : 0;
  }
  return runs;
}

}  // namespace

PostProcessor::PostProcessor(const JsonField& field, const Vocabulary& vocabulary)
    : vocabulary_(&vocabulary) {
  add(field, vocabulary);
}

void PostProcessor::add(const JsonField& field, const Vocabulary& vocabulary) {
  const std::string type = field.type();
  if (type == "Sequence") {
    for (const auto& step : field.at("processors").elements()) add(step, vocabulary);
  } else if (type == "ByteLevel") {
    trim_offsets_ = field.boolean_or("trim_offsets", true);
    keep_first_space_ = field.boolean_or("add_prefix_space", true);
  } else if (type == "BertProcessing") {
    const auto id = [&](const char* key) {
      const auto pair = field.at(key).elements();
      ALARM_CHECK(pair.size() == 2, "{}.{}: expected [token, id]", field.where(), key);
      return pair[1].integer();
    };
    before_ = {id("cls")};
    after_ = {id("sep")};
  } else if (type == "TemplateProcessing") {
    add_template(field);
  } else {
    field.refuse("post-processor \"" + type + "\"");
  }
}

void PostProcessor::add_template(const JsonField& field) {
  bool seen_text = false;
  for (const auto& element : field.at("single").elements()) {
    if (element.has("Sequence")) {
      if (seen_text || element.at("Sequence").at("id").text() != "A")
        element.refuse("this template");
      seen_text = true;
      continue;
    }
    const std::string name = element.at("SpecialToken").at("id").text();
    for (const auto& id : field.at("special_tokens").at(name).at("ids").elements()) {
      (seen_text ? after_ : before_).push_back(id.integer());
    }
  }
  if (!seen_text) field.refuse("a template without the text");
}

void PostProcessor::apply(Encoding& encoding, const EncodeOptions& options) const {
  const std::size_t added = options.special_tokens ? before_.size() + after_.size() : 0;
  if (options.max_tokens > 0) {
    const auto most = static_cast<std::size_t>(options.max_tokens);
    ALARM_CHECK(most >= added, "max_tokens is {}, but the special tokens alone are {}", most,
                added);
    const std::size_t kept = std::min(encoding.ids.size(), most - added);
    encoding.ids.resize(kept);
    encoding.offsets.resize(kept);
  }
  if (trim_offsets_) trim_offsets(encoding);
  if (added == 0) return;
  encoding.ids.insert(encoding.ids.begin(), before_.begin(), before_.end());
  encoding.ids.insert(encoding.ids.end(), after_.begin(), after_.end());
  encoding.offsets.insert(encoding.offsets.begin(), before_.size(), Span{});
  encoding.offsets.resize(encoding.ids.size());
}

void PostProcessor::trim_offsets(Encoding& encoding) const {
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const std::string* token = vocabulary_->find(encoding.ids[i]);
    SpaceRuns spaces = token == nullptr ? SpaceRuns{} : count_spaces(*token);
    Span& range = encoding.offsets[i];
    const bool first = i == 0 || range.begin == 0;
    if (first && keep_first_space_ && spaces.leading > 0) --spaces.leading;
    if (spaces.leading > 0) range.begin = std::min(range.begin + spaces.leading, range.end);
    if (spaces.trailing > 0 && range.end >= spaces.trailing) {
      range.end = std::max(range.end - spaces.trailing, range.begin);
    }
  }
}

}  // namespace alarm_dist
