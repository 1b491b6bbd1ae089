// SPDX-License-Identifier: Apache-2.0
#include "model/logit_processors.hpp"

#include <algorithm>
#include <limits>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

using Tokens = std::vector<std::int64_t>;

constexpr double kCut = -std::numeric_limits<double>::infinity();

// Marks of (row, token), made on the host and used where the logits are.
class Marks {
 public:
  explicit Marks(const at::Tensor& logits_BV)
      : marks_BV_(at::zeros(logits_BV.sizes(), at::kBool)), vocabulary_(logits_BV.size(1)) {}

  void set(std::size_t row, std::int64_t token) {
    ALARM_CHECK(token >= 0 && token < vocabulary_, "token id {} is outside the vocabulary of {}",
                token, vocabulary_);
    marks_BV_.mutable_data_ptr<bool>()[static_cast<std::int64_t>(row) * vocabulary_ + token] = true;
  }
  at::Tensor on(c10::Device device) const { return marks_BV_.to(device); }

 private:
  at::Tensor marks_BV_;
  std::int64_t vocabulary_;
};

at::Tensor penalise_repetition(const at::Tensor& logits_BV, double penalty,
                               const SequenceContext& context) {
  Marks seen(logits_BV);
  for (std::size_t row = 0; row < context.rows.size(); ++row) {
    for (const auto token : context.rows[row].prompt) seen.set(row, token);
    for (const auto token : context.rows[row].generated) seen.set(row, token);
  }
  const auto penalised = at::where(logits_BV < 0, logits_BV * penalty, logits_BV / penalty);
  return at::where(seen.on(logits_BV.device()), penalised, logits_BV);
}

// Whether the row ends with all but the word's last token.
bool about_to_say(const Tokens& word, const RowTokens& row) {
  const auto begun = std::span(word).first(word.size() - 1);
  const auto size = row.prompt.size() + row.generated.size();
  if (begun.size() > size) return false;
  for (std::size_t i = 0; i < begun.size(); ++i) {
    const auto place = size - begun.size() + i;
    const auto token =
        place < row.prompt.size() ? row.prompt[place] : row.generated[place - row.prompt.size()];
    if (token != begun[i]) return false;
  }
  return true;
}

// A word that is an end of sequence alone is left out: the minimum length is what forbids that.
at::Tensor cut_bad_words(const at::Tensor& logits_BV, const std::vector<Tokens>& words,
                         const SequenceContext& context) {
  Marks bad(logits_BV);
  for (const Tokens& word : words) {
    ALARM_CHECK(!word.empty(), "bad_words: a word has no tokens");
    const bool is_eos = word.size() == 1 && std::ranges::find(context.eos_tokens, word.front()) !=
                                                context.eos_tokens.end();
    if (is_eos) continue;
    for (std::size_t row = 0; row < context.rows.size(); ++row) {
      if (about_to_say(word, context.rows[row])) bad.set(row, word.back());
    }
  }
  return logits_BV.masked_fill(bad.on(logits_BV.device()), kCut);
}

at::Tensor cut_early_ends(const at::Tensor& logits_BV, std::int64_t min_new_tokens,
                          const SequenceContext& context) {
  Marks early(logits_BV);
  for (std::size_t row = 0; row < context.rows.size(); ++row) {
    if (static_cast<std::int64_t>(context.rows[row].generated.size()) >= min_new_tokens) continue;
    for (const auto token : context.eos_tokens) early.set(row, token);
  }
  return logits_BV.masked_fill(early.on(logits_BV.device()), kCut);
}

}  // namespace

bool reads_context(const SamplingConfig& sampling) {
  return sampling.repetition_penalty != 1.0 || !sampling.bad_words.empty() ||
         sampling.min_new_tokens > 0;
}

at::Tensor process_logits(const at::Tensor& logits_BV, const SamplingConfig& sampling,
                          const SequenceContext& context) {
  if (!reads_context(sampling)) return logits_BV;
  ALARM_CHECK(static_cast<std::int64_t>(context.rows.size()) == logits_BV.size(0),
              "logits of {} rows with the tokens of {}", logits_BV.size(0), context.rows.size());
  at::Tensor logits = logits_BV;
  if (sampling.repetition_penalty != 1.0)
    logits = penalise_repetition(logits, sampling.repetition_penalty, context);
  if (!sampling.bad_words.empty()) logits = cut_bad_words(logits, sampling.bad_words, context);
  if (sampling.min_new_tokens > 0)
    logits = cut_early_ends(logits, sampling.min_new_tokens, context);
  return logits;
}

}  // namespace alarm_dist
