// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_normalizer.hpp"

#include <algorithm>
#include <limits>

#include "alarm/base/error.hpp"

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

constexpr std::size_t kMostBytes = std::numeric_limits<std::int32_t>::max() - kSpaceMark.size();
constexpr std::string_view kReplacement = "\uFFFD";

void append(NormalizedText& out, std::string_view added, std::size_t origin) {
  out.text += added;
  out.origin.insert(out.origin.end(), added.size(), static_cast<std::int32_t>(origin));
}

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(const SentencePieceModel& model,
                                                 const std::string& name)
    : name_(name),
      add_space_(model.add_space_prefix),
      remove_extra_(model.remove_extra_whitespaces),
      space_is_suffix_(model.space_is_suffix),
      space_(model.mark_spaces ? kSpaceMark : " ") {
  if (!model.character_map.empty()) map_ = CharacterMap(model.character_map, name);
  for (std::size_t i = 0; i < model.tokens.size(); ++i) {
    if (model.types[i] != piece_type::kUserDefined) continue;
    kept_.add(model.tokens[i], 0);
    has_kept_ = true;
  }
}

NormalizedText SentencePieceNormalizer::normalize(std::string_view text) const {
  NormalizedText out;
  std::size_t at = remove_extra_ ? spaces_before(text) : 0;
  if (at == text.size()) return out;
  out.text.reserve(text.size() + text.size() / 2);
  out.origin.reserve(text.size() + text.size() / 2);
  if (add_space_ && !space_is_suffix_) append(out, space_, at);
  bool skip_spaces = remove_extra_;
  while (at < text.size()) {
    Step step = next(text.substr(at));
    if (skip_spaces) {
      step.text.remove_prefix(std::min(step.text.find_first_not_of(' '), step.text.size()));
    }
    for (const char& byte : step.text) {
      append(out, byte == ' ' ? space_ : std::string_view(&byte, 1), at);
    }
    ALARM_CHECK(out.text.size() <= kMostBytes,
                "{}: a text of {} bytes has more than {} when mapped", name_, text.size(),
                kMostBytes);
    if (!step.text.empty()) skip_spaces = remove_extra_ && step.text.ends_with(' ');
    at += step.size;
  }
  while (remove_extra_ && out.text.ends_with(space_)) {
    out.text.resize(out.text.size() - space_.size());
    at = static_cast<std::size_t>(out.origin[out.text.size()]);
    out.origin.resize(out.text.size());
  }
  if (add_space_ && space_is_suffix_) append(out, space_, at);
  out.origin.push_back(static_cast<std::int32_t>(at));
  return out;
}

std::size_t SentencePieceNormalizer::spaces_before(std::string_view text) const {
  std::size_t size = 0;
  while (size < text.size()) {
    const Step step = next(text.substr(size));
    if (step.text != " ") break;
    size += step.size;
  }
  return size;
}

SentencePieceNormalizer::Step SentencePieceNormalizer::next(std::string_view text) const {
  if (has_kept_) {
    std::size_t longest = 0;
    kept_.for_each_prefix(text, [&](std::size_t size, std::int32_t) { longest = size; });
    if (longest > 0) return {longest, text.substr(0, longest)};
  }
  if (const auto entry = map_.longest(text)) return {entry->size, entry->replacement};
  const Character character = character_or_replacement(text, 0);
  const auto own = text.substr(0, character.size);
  const bool broken = character.code == U'\uFFFD' && own != kReplacement;
  return broken ? Step{1, kReplacement} : Step{own.size(), own};
}

}  // namespace alarm_dist
