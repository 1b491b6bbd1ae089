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
  // What it reads of a record beside the prompt: some of "question", "aspect", "document".
  virtual std::vector<std::string> reads() const { return {}; }
  // One trace a response, in order. A failure on one response is in its trace; only what makes the
  // source unusable throws.
  virtual std::vector<ComponentTrace> score(std::span<const ScoredResponse> responses) = 0;

 protected:
  RewardSource() = default;
  RewardSource(const RewardSource&) = delete;
  RewardSource& operator=(const RewardSource&) = delete;
};

// How a decoder with a score head (LlamaForSequenceClassification...) is read. What is left out is
// taken from the reward_model.json in its folder, if there is one.
struct DecoderReading {
  // A text with {response} and any of {prompt} {question} {aspect} {document}, or "chat": the
  // conversation through the model's chat template. Required here or there.
  std::string input{};
  std::int64_t max_tokens = 0;  // what is longer loses its beginning; 0: the model's context
  std::int64_t label = -1;      // which of the head's outputs; -1: the only one
};

struct LearnedSourceOptions {
  std::string name{};  // of the component; empty: the model's own
  // A folder with an encoder and reward_model.json, made by `alarm-dist reward-model`, or one with
  // a decoder that has a score head.
  std::filesystem::path model{};
  // Of a decoder: response, or sentences or tokens, where the head is read at each. An encoder's is
  // its own.
  Granularity granularity = Granularity::kResponse;
  DecoderReading decoder{};
  std::string date{};             // told to a decoder's chat template (2024-07-26); empty: today's
  std::filesystem::path cache{};  // of a decoder's weights in another type
  at::ScalarType dtype = at::kFloat;
  c10::Device device = c10::kCPU;
  std::int64_t micro_tokens = 4096;  // token rows a forward pass
};
// Throws UsageError for what does not fit the model: a decoder without a template, a label that its
// head does not have, a decoder's settings for an encoder.
std::unique_ptr<RewardSource> make_learned_source(const LearnedSourceOptions& options);
// Whether the folder holds a decoder, or is a reward model by its reward_model.json.
bool is_reward_model(const std::filesystem::path& dir);

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
