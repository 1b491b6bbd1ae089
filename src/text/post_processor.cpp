// SPDX-License-Identifier: Apache-2.0
#include "text/post_processor.hpp"

#include <algorithm>

#include "text/kinds.hpp"
#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

enum class PostProcessorKind { kBert, kByteLevel, kRoberta, kSequence, kTemplate };

constexpr std::array<Kind<PostProcessorKind>, 5> kKinds = {{
    {"BertProcessing", PostProcessorKind::kBert},
    {"ByteLevel", PostProcessorKind::kByteLevel},
    {"RobertaProcessing", PostProcessorKind::kRoberta},
    {"Sequence", PostProcessorKind::kSequence},
    {"TemplateProcessing", PostProcessorKind::kTemplate},
}};

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

void trim(Span& range, SpaceRuns spaces, std::string_view text) {
  for (; spaces.leading > 0 && range.begin < range.end; --spaces.leading) {
    range.begin +=
        static_cast<std::int64_t>(character_at(text, static_cast<std::size_t>(range.begin)).size);
  }
  for (; spaces.trailing > 0 && range.end > range.begin; --spaces.trailing) {
    range.end =
        static_cast<std::int64_t>(previous_character(text, static_cast<std::size_t>(range.end)));
  }
}

// The id of ["[CLS]", 101].
std::int64_t pair_id(const JsonField& field, const char* key) {
  const auto pair = field.at(key).elements();
  ALARM_CHECK(pair.size() == 2, "{}.{}: expected [token, id]", field.where(), key);
  return pair[1].integer();
}

}  // namespace

PostProcessor::PostProcessor(const JsonField& field, const Vocabulary& vocabulary)
    : vocabulary_(&vocabulary) {
  add(field);
}

void PostProcessor::add(const JsonField& field) {
  const PostProcessorKind kind = find_kind(field, "post-processor", kKinds);
  if (kind == PostProcessorKind::kSequence) {
    for (const auto& step : field.at("processors").elements()) add(step);
    return;
  }
  if (kind == PostProcessorKind::kTemplate) return add_template(field);
  Step step;
  if (kind != PostProcessorKind::kByteLevel) {
    step.before = {pair_id(field, "cls")};
    step.after = {pair_id(field, "sep")};
  }
  if (kind != PostProcessorKind::kBert) {
    step.trims_offsets = field.boolean_or("trim_offsets", true);
    step.keeps_first_space = field.boolean_or("add_prefix_space", true);
  }
  steps_.push_back(std::move(step));
}

void PostProcessor::add_template(const JsonField& field) {
  Step step;
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
      (seen_text ? step.after : step.before).push_back(id.integer());
    }
  }
  if (!seen_text) field.refuse("a template without the text");
  steps_.push_back(std::move(step));
}

void PostProcessor::apply(Encoding& encoding, const EncodeOptions& options, std::string_view text,
                          const std::vector<std::int64_t>& found_in_text) const {
  if (options.max_tokens > 0) {
    std::size_t added = 0;
    for (const Step& step : steps_) added += step.before.size() + step.after.size();
    if (!options.special_tokens) added = 0;
    const auto most = static_cast<std::size_t>(options.max_tokens);
    ALARM_CHECK(most >= added, "max_tokens is {}, but the special tokens alone are {}", most,
                added);
    cut_tokens(encoding, most - added, options.cut);
  }
  for (const Step& step : steps_) {
    if (step.trims_offsets) trim_offsets(step, encoding, text, found_in_text);
    if (!options.special_tokens || step.before.size() + step.after.size() == 0) continue;
    encoding.ids.insert(encoding.ids.begin(), step.before.begin(), step.before.end());
    encoding.ids.insert(encoding.ids.end(), step.after.begin(), step.after.end());
    encoding.offsets.insert(encoding.offsets.begin(), step.before.size(), Span{});
    encoding.offsets.resize(encoding.ids.size());
  }
}

void PostProcessor::trim_offsets(const Step& step, Encoding& encoding, std::string_view text,
                                 const std::vector<std::int64_t>& found_in_text) const {
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    const std::int64_t id = encoding.ids[i];
    Span& range = encoding.offsets[i];
    SpaceRuns spaces;
    if (std::binary_search(found_in_text.begin(), found_in_text.end(), id)) {
      // It may have taken white space around it along.
      spaces = count_spaces(text.substr(static_cast<std::size_t>(range.begin),
                                        static_cast<std::size_t>(range.end - range.begin)));
    } else if (const std::string* token = vocabulary_->find(id)) {
      spaces = count_spaces(*token);
    }
    const bool first = i == 0 || range.begin == 0;
    if (first && step.keeps_first_space && spaces.leading == 1) spaces.leading = 0;
    trim(range, spaces, text);
  }
}

void cut_tokens(Encoding& encoding, std::size_t most, Side side) {
  if (encoding.ids.size() <= most) return;
  const auto cut = static_cast<std::ptrdiff_t>(encoding.ids.size() - most);
  const auto erase = [&](auto& values) {
    if (side == Side::kLeft) {
      values.erase(values.begin(), values.begin() + cut);
    } else {
      values.erase(values.end() - cut, values.end());
    }
  };
  erase(encoding.ids);
  erase(encoding.offsets);
}

}  // namespace alarm_dist
