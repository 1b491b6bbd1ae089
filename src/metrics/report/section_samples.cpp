// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "metrics/report/html.hpp"
#include "metrics/report/sample_text.hpp"
#include "metrics/report/sections.hpp"

namespace alarm_dist::report {
namespace {

constexpr std::size_t kShown = 10;

struct SamplePair {
  const SampleRecord* before = nullptr;
  const SampleRecord* after = nullptr;
};

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double change_of(const SamplePair& pair) { return pair.after->holistic - pair.before->holistic; }

std::vector<SamplePair> pairs_of(const RunData& run) {
  std::map<std::pair<std::string, std::string>, SamplePair> by_prompt;
  for (const auto& sample : run.samples) {
    SamplePair& pair = by_prompt[{sample.record_id, sample.aspect}];
    if (sample.phase == "before" && pair.before == nullptr) pair.before = &sample;
    if (sample.phase == "after" && pair.after == nullptr) pair.after = &sample;
  }
  std::vector<SamplePair> pairs;
  for (const auto& [key, pair] : by_prompt) {
    if (pair.before != nullptr && pair.after != nullptr) pairs.push_back(pair);
  }
  return pairs;
}

// Evenly spread from the greatest rise to the greatest fall, so that nobody picks the winners.
std::vector<SamplePair> spread(std::vector<SamplePair> pairs) {
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return change_of(a) > change_of(b); });
  if (pairs.size() <= kShown) return pairs;
  std::vector<SamplePair> chosen;
  for (std::size_t i = 0; i < kShown; ++i)
    chosen.push_back(pairs[i * (pairs.size() - 1) / (kShown - 1)]);
  return chosen;
}

std::string chip(const std::string& text, const std::string& colour = "muted") {
  return fmt::format("<span class=\"chip {}\">{}</span>", colour, escape(text));
}

std::string chips_of(const SampleRecord& sample) {
  std::string chips = chip(sample.passed ? "\xe2\x9c\x93 gate open" : "\xe2\x80\x93 gate closed",
                           sample.passed ? "good" : "muted");
  chips += chip("reward in all " + signed_number(sum_of(sample.rewards)));
  for (const auto& [name, values] : sample.components)
    chips += chip("from " + name + " " + signed_number(sum_of(values)));
  chips += chip(fmt::format("{} tokens", sample.tokens.size()));
  if (sample.finish == "length") chips += chip("cut at the length limit", "bad");
  return chips;
}

std::string side(const std::string& title, const SampleRecord& sample,
                 const std::vector<ColourChoice>& choices) {
  return fmt::format(
      "<div class=\"side\"><h4>{} <span>holistic score {}</span></h4><div "
      "class=\"chips\">{}</div><p "
      "class=\"response\">{}</p></div>",
      title, signed_number(sample.holistic), chips_of(sample), coloured_response(sample, choices));
}

std::string first_words(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t cut = most;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + "\xe2\x80\xa6";
}

std::string change_text(const SamplePair& pair) {
  return fmt::format("{} \xe2\x86\x92 {}", signed_number(pair.before->holistic),
                     signed_number(pair.after->holistic));
}

std::string article(const SamplePair& pair, const std::vector<ColourChoice>& choices) {
  const SampleRecord& after = *pair.after;
  const std::string aspect = after.aspect.empty() ? "" : chip(after.aspect, "tag");
  const std::string reference = after.reference.empty()
                                    ? ""
                                    : fmt::format(
                                          "<div class=\"side reference\"><h4>expert "
                                          "reference</h4><p class=\"response\">{}</p></div>",
                                          escape(after.reference));
  return fmt::format(
      "<article class=\"card\"><h3>{} {} <span class=\"change\">holistic score {}</span></h3>\n"
      "<details><summary>Prompt: {}</summary><pre>{}</pre></details>\n<div "
      "class=\"sides\">{}{}{}</div></article>\n",
      escape(after.record_id), aspect, change_text(pair), escape(first_words(after.prompt, 110)),
      escape(after.prompt), side("before", *pair.before, choices), side("after", after, choices),
      reference);
}

std::string choice_name(const ColourChoice& choice) {
  return choice.component.empty() ? "total" : choice.component;
}

// Radio buttons in front of the articles: the style sheet reads which one is checked, no script
// needed.
std::string switches(const std::vector<ColourChoice>& choices) {
  std::string inputs;
  std::string labels;
  std::string rules;
  for (std::size_t c = 0; c < choices.size(); ++c) {
    inputs += fmt::format("<input type=\"radio\" name=\"colour\" id=\"show{0}\"{1}>", c,
                          c == 0 ? " checked" : "");
    labels += fmt::format("<label for=\"show{0}\">{1}</label>", c, escape(choice_name(choices[c])));
    rules += fmt::format(
        "#show{0}:checked~article .tok{{--v:var(--c{0},0)}}"
        "#show{0}:checked~.switches label[for=show{0}]{{background:var(--ink);color:var(--page)}}",
        c);
  }
  return fmt::format(
      "<style>{}</style>{}<div class=\"switches\"><span>Colour by</span>{}<span class=\"ramp\">"
      "<i>punished</i><b class=\"neg\"></b><b class=\"neg weak\"></b><b></b><b class=\"pos "
      "weak\"></b><b class=\"pos\"></b><i>rewarded</i></span></div>\n",
      rules, inputs, labels);
}

}  // namespace

std::string samples_section(const RunData& run) {
  constexpr const char* kTitle = "Samples side by side";
  const auto all = pairs_of(run);
  if (all.empty()) {
    return section("samples", kTitle, "",
                   missing("No samples.jsonl with answers before and after training: ten prompts "
                           "with both come here."));
  }
  const auto pairs = spread(all);
  std::vector<const SampleRecord*> shown;
  for (const auto& pair : pairs) shown.insert(shown.end(), {pair.before, pair.after});
  const auto choices = colour_choices(shown);
  std::string body = switches(choices);
  for (const auto& pair : pairs) body += article(pair, choices);
  const auto introduction = fmt::format(
      "{} of {} prompts, spread evenly from the greatest rise of the holistic score to the "
      "greatest fall. The colour of a "
      "token is the reward that it received (rest the pointer on it for the numbers); <span "
      "class=\"marked\">underlined</span> "
      "is what a reward source pointed at. While the gate is closed, aspects add nothing.",
      pairs.size(), all.size());
  return section("samples", kTitle, introduction, "<div class=\"samples\">" + body + "</div>\n");
}

}  // namespace alarm_dist::report
