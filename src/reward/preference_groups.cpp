// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/preference_groups.hpp"

#include <optional>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"
#include "alarm/text/sentences.hpp"

namespace alarm_dist {
namespace {

constexpr std::int64_t kAspects = 3;

std::string first_sentence(const std::string& text) {
  const auto sentences = split_sentences(text);
  if (sentences.empty()) return text;
  return text.substr(0, static_cast<std::size_t>(sentences.front().end));
}

std::optional<std::string> find_text(const std::map<std::int64_t, std::string>& texts,
                                     std::int64_t record) {
  const auto found = texts.find(record);
  if (found == texts.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

class GroupMaker {
 public:
  GroupMaker(const Dataset& dataset, const ModelWritten& written, std::uint64_t seed,
             std::int64_t epoch)
      : dataset_(dataset),
        written_(written),
        seed_(seed),
        epoch_(static_cast<std::uint32_t>(epoch)) {}

  void add_group(std::int64_t record, std::vector<PreferencePair>& pairs) const {
    const std::int64_t paper = record / kAspects;
    for (std::int64_t aspect = 0; aspect < kAspects; ++aspect) {
      const std::int64_t other = paper * kAspects + aspect;
      if (other != record) add(record, dataset_.at(other).reference, PairKind::kOtherAspect, pairs);
    }
    add(record, dataset_.at(record_of_other_paper(record)).reference, PairKind::kOtherPaper, pairs);
    if (const auto text = model_written(record)) add(record, *text, PairKind::kModelWritten, pairs);
    add_spoilt(record, pairs);
  }

 private:
  DrawKey key(std::int64_t record, std::uint32_t draw) const {
    return {.seed = seed_,
            .purpose = Purpose::kPairs,
            .step = epoch_,
            .sample = static_cast<std::uint32_t>(record),
            .token = draw};
  }

  void add(std::int64_t record, const std::string& rejected, PairKind kind,
           std::vector<PreferencePair>& pairs) const {
    const Record& asked = dataset_.at(record);
    if (rejected.empty() || rejected == asked.reference) return;
    pairs.push_back(
        {.record = &asked, .chosen = asked.reference, .rejected = rejected, .kind = kind});
  }

  std::int64_t papers() const { return dataset_.size() / kAspects; }

  std::int64_t record_of_other_paper(std::int64_t record) const {
    const auto shift = 1 + static_cast<std::int64_t>(draw_below(
                               key(record, 0), static_cast<std::uint64_t>(papers() - 1)));
    return (record / kAspects + shift) % papers() * kAspects + record % kAspects;
  }

  std::optional<std::string> model_written(std::int64_t record) const {
    const WrittenSort sort = written_sort(record);
    if (sort == WrittenSort::kSampled) {
      auto text = find_text(written_.sampled, record);
      if (text && record / kAspects % 2 == 0) text = first_sentence(*text);
      return text;
    }
    const std::int64_t source =
        sort == WrittenSort::kContinued ? record : (record + kAspects) % (papers() * kAspects);
    auto text = find_text(written_.continued, source);
    if (text) text = first_sentence(*text);
    return text;
  }

  void add_spoilt(std::int64_t record, std::vector<PreferencePair>& pairs) const {
    const auto& text = dataset_.at(record).reference;
    const auto draw = static_cast<std::uint32_t>(draw_below(key(record, 1), 1U << 31U));
    if (draw_below(key(record, 2), 2) == 0) {
      add(record, shuffle_or_repeat_words(text, seed_, draw), PairKind::kShuffled, pairs);
    } else {
      add(record, cut_short(text, seed_, draw), PairKind::kCut, pairs);
    }
  }

  const Dataset& dataset_;
  const ModelWritten& written_;
  std::uint64_t seed_;
  std::uint32_t epoch_;
};

bool same_group(const PreferencePair& a, const PreferencePair& b) {
  return a.record == b.record && a.chosen == b.chosen;
}

}  // namespace

WrittenSort written_sort(std::int64_t record) {
  const auto difference = record % kAspects - record / kAspects;
  return static_cast<WrittenSort>((difference % kAspects + kAspects) % kAspects);
}

std::vector<PreferencePair> make_preference_groups(const Dataset& dataset,
                                                   const ModelWritten& model_written,
                                                   std::uint64_t seed, std::int64_t epoch) {
  ALARM_CHECK(dataset.size() % kAspects == 0 && dataset.size() >= 2 * kAspects,
              "{}: preference groups need at least 2 papers with {} aspects each, found {} records",
              dataset.name(), kAspects, dataset.size());
  const GroupMaker maker(dataset, model_written, seed, epoch);
  const DrawKey order_key{
      .seed = seed, .purpose = Purpose::kBatchOrder, .step = static_cast<std::uint32_t>(epoch)};
  std::vector<PreferencePair> pairs;
  for (const auto record : draw_permutation(order_key, dataset.size()))
    maker.add_group(record, pairs);
  return pairs;
}

std::vector<std::int64_t> group_offsets(std::span<const PreferencePair> pairs) {
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i == 0 || !same_group(pairs[i - 1], pairs[i]))
      offsets.push_back(static_cast<std::int64_t>(i));
  }
  offsets.push_back(static_cast<std::int64_t>(pairs.size()));
  return offsets;
}

at::Tensor score_pairs(const EncoderModel& model, const Tokenizer& tokenizer,
                       const InputTemplate& input_template, std::span<const PreferencePair> pairs) {
  std::vector<EncoderInput> inputs;
  std::vector<std::int64_t> places;  // of the pairs' texts among the inputs
  std::int64_t chosen = -1;
  const auto add = [&](const PreferencePair& pair, const std::string& text) {
    inputs.push_back(build_input(tokenizer, input_template, *pair.record, {.response = text}));
    return static_cast<std::int64_t>(inputs.size()) - 1;
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i == 0 || !same_group(pairs[i - 1], pairs[i])) chosen = add(pairs[i], pairs[i].chosen);
    places.push_back(chosen);
    places.push_back(add(pairs[i], pairs[i].rejected));
  }
  const at::Tensor scores = model.scores(inputs);
  return scores.index_select(
      0, at::tensor(places, at::TensorOptions().dtype(at::kLong).device(scores.device())));
}

}  // namespace alarm_dist
