// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "alarm/base/error.hpp"
#include "alarm/reward/training.hpp"

namespace alarm_dist {

void PairAccuracy::add(PairKind kind, double chosen, double rejected) {
  Count& count = counts.at(static_cast<std::size_t>(kind));
  count.pairs += 1;
  count.correct += chosen > rejected ? 1 : 0;
}

void PairAccuracy::merge(const PairAccuracy& other) {
  for (std::size_t k = 0; k < counts.size(); ++k) {
    counts[k].pairs += other.counts[k].pairs;
    counts[k].correct += other.counts[k].correct;
  }
}

std::optional<double> PairAccuracy::of(PairKind kind) const {
  const Count& count = counts.at(static_cast<std::size_t>(kind));
  if (count.pairs == 0) return std::nullopt;
  return static_cast<double>(count.correct) / static_cast<double>(count.pairs);
}

std::optional<double> PairAccuracy::mixture(const PairMix& mix) const {
  double correct = 0;
  double weight = 0;
  for (const PairKind kind : kPairKinds) {
    if (const auto accuracy = of(kind)) {
      correct += mix.share(kind) * *accuracy;
      weight += mix.share(kind);
    }
  }
  if (weight <= 0) return std::nullopt;
  return correct / weight;
}

std::map<std::string, double> PairAccuracy::by_name() const {
  std::map<std::string, double> names;
  Count all;
  for (const PairKind kind : kPairKinds) {
    const Count& count = counts[static_cast<std::size_t>(kind)];
    all.pairs += count.pairs;
    all.correct += count.correct;
    if (const auto accuracy = of(kind)) names.emplace(to_string(kind), *accuracy);
  }
  if (all.pairs > 0)
    names["all"] = static_cast<double>(all.correct) / static_cast<double>(all.pairs);
  return names;
}

PairAccuracy measure_pairs(std::span<const PreferencePair> pairs,
                           std::span<const double> scores_2B) {
  ALARM_CHECK(scores_2B.size() == 2 * pairs.size(), "{} pairs have {} scores, expected two each",
              pairs.size(), scores_2B.size());
  PairAccuracy accuracy;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    accuracy.add(pairs[i].kind, scores_2B[2 * i], scores_2B[2 * i + 1]);
  return accuracy;
}

double area_under_curve(std::span<const double> scores, const std::vector<bool>& labels) {
  ALARM_CHECK(scores.size() == labels.size(), "{} scores have {} labels", scores.size(),
              labels.size());
  ALARM_CHECK(
      std::all_of(scores.begin(), scores.end(), [](double score) { return std::isfinite(score); }),
      "a score is not finite");
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double positives = 0;
  double negatives = 0;
  double above = 0;  // pairs in which the positive scores above the negative, ties as halves
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    double tied_positives = 0;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      tied_positives += labels[order[end]] ? 1 : 0;
    }
    const double tied_negatives = static_cast<double>(end - begin) - tied_positives;
    above += tied_positives * (negatives + tied_negatives / 2);
    positives += tied_positives;
    negatives += tied_negatives;
    begin = end;
  }
  ALARM_CHECK(positives > 0 && negatives > 0,
              "an area under the curve needs both classes, got {} positives and {} negatives",
              positives, negatives);
  return above / (positives * negatives);
}

}  // namespace alarm_dist
