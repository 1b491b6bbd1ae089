// SPDX-License-Identifier: Apache-2.0
// Sources of rewards: learned models, link-grammar, ...; each emits one named component.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/reward/trace.hpp"

namespace alarm_dist {

enum class Granularity { kResponse, kSentence, kSubSentence, kToken };
Granularity parse_granularity(std::string_view name);  // response | sentence | sub_sentence | token
std::string_view to_string(Granularity granularity);

class RewardSource {
 public:
  virtual ~RewardSource() = default;
  virtual const std::string& name() const = 0;
  virtual Granularity granularity() const = 0;
  // One trace a response, in order. A failure on one response is in its trace; only what makes the
  // source unusable throws.
  virtual std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) = 0;

 protected:
  RewardSource() = default;
  RewardSource(const RewardSource&) = delete;
  RewardSource& operator=(const RewardSource&) = delete;
};

struct LearnedSourceOptions {
  std::string name{};             // of the component; empty: the model's own
  std::filesystem::path model{};  // made by `alarm-dist reward-model`: encoder, reward_model.json
  at::ScalarType dtype = at::kFloat;
  c10::Device device = c10::kCPU;
  std::int64_t micro_tokens = 4096;  // token rows a forward pass
};
std::unique_ptr<RewardSource> make_learned_source(const LearnedSourceOptions& options);

// link-grammar's judgement of English. By sentence: the share of its words that are linked
// (punctuation is no word; a sentence without words emits nothing). By token, the paper's recipe: 0
// on every token of the text, -1 where it overlaps a word that is not linked. Those null words are
// the trace's marks either way. Safe to use from several threads.
struct LinkGrammarOptions {
  std::string name = "grammar";
  Granularity granularity = Granularity::kSentence;  // or kToken
  std::string dictionary = "en";  // a language that is installed, or the folder of a dictionary
};
std::unique_ptr<RewardSource> make_link_grammar_source(const LinkGrammarOptions& options);
std::unique_ptr<RewardSource> make_link_grammar_source(const std::string& name);

}  // namespace alarm_dist
