// SPDX-License-Identifier: Apache-2.0
#include "text/added_tokens.hpp"

#include <algorithm>

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

bool inside_word(std::string_view text, std::size_t begin, std::size_t end) {
  const bool before =
      begin > 0 && is_word(character_at(text, previous_character(text, begin)).code);
  const bool after = end < text.size() && is_word(character_at(text, end).code);
  return before || after;
}

std::size_t skip_space_left(std::string_view text, std::size_t begin, std::size_t least) {
  while (begin > least) {
    const std::size_t previous = previous_character(text, begin);
    if (!is_white_space(character_at(text, previous).code)) break;
    begin = previous;
  }
  return begin;
}

std::size_t skip_space_right(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    const Character next = character_at(text, end);
    if (!is_white_space(next.code)) break;
    end += next.size;
  }
  return end;
}

Segment segment(std::size_t begin, std::size_t end, std::optional<std::int64_t> token) {
  return {{static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)}, token};
}

}  // namespace

void AddedTokenFinder::add(const AddedToken& token, const std::string& content) {
  if (content.empty()) return;
  auto& bucket = by_first_byte_[static_cast<unsigned char>(content.front())];
  const auto longer = [&](const AddedToken& other) {
    return other.content.size() >= content.size();
  };
  const auto place = bucket.insert(std::find_if_not(bucket.begin(), bucket.end(), longer), token);
  place->content = content;
  empty_ = false;
}

const AddedToken* AddedTokenFinder::match(std::string_view text, std::size_t at) const {
  for (const AddedToken& token : by_first_byte_[static_cast<unsigned char>(text[at])]) {
    if (text.substr(at).starts_with(token.content)) return &token;
  }
  return nullptr;
}

std::vector<Segment> AddedTokenFinder::segments(std::string_view text) const {
  std::vector<Segment> out;
  std::size_t done = 0;
  for (std::size_t at = 0; !empty_ && at < text.size();) {
    const AddedToken* token = match(text, at);
    const std::size_t after = token == nullptr ? at + 1 : at + token->content.size();
    if (token == nullptr || (token->single_word && inside_word(text, at, after))) {
      at = after;
      continue;
    }
    const std::size_t begin = token->lstrip ? skip_space_left(text, at, done) : at;
    const std::size_t end = token->rstrip ? skip_space_right(text, after) : after;
    if (begin > done) out.push_back(segment(done, begin, std::nullopt));
    out.push_back(segment(begin, end, token->id));
    done = at = end;
  }
  if (done < text.size()) out.push_back(segment(done, text.size(), std::nullopt));
  return out;
}

std::vector<AddedToken> read_added_tokens(const JsonField& field) {
  std::vector<AddedToken> tokens;
  for (const auto& element : field.elements()) {
    AddedToken token;
    token.id = element.at("id").integer();
    token.content = element.at("content").text();
    ALARM_CHECK(!token.content.empty(), "{}: the content is empty", element.where());
    token.special = element.boolean_or("special", false);
    token.normalized = element.boolean_or("normalized", !token.special);
    token.single_word = element.boolean_or("single_word", false);
    token.lstrip = element.boolean_or("lstrip", false);
    token.rstrip = element.boolean_or("rstrip", false);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace alarm_dist
