// SPDX-License-Identifier: Apache-2.0
#include "alarm/reward/pairs.hpp"

#include <algorithm>
#include <optional>

#include "alarm/base/error.hpp"

#include "reward/document_groups.hpp"
#include "reward/draws.hpp"

namespace alarm_dist {
namespace {

constexpr std::uint32_t kOrderStream = 0;
constexpr std::uint32_t kRecordStream = 1;     // + kind
constexpr std::uint32_t kRejectedStream = 16;  // + kind
constexpr int kAttempts = 20;

// Largest remainders: the shares to whole numbers that sum to count.
std::array<std::int64_t, kPairKinds.size()> quotas(const PairMix& mix, std::int64_t count) {
  std::array<std::int64_t, kPairKinds.size()> quota{};
  std::vector<std::pair<double, std::size_t>> remainders;
  std::int64_t given = 0;
  for (std::size_t k = 0; k < quota.size(); ++k) {
    const double exact = mix.share(kPairKinds[k]) * static_cast<double>(count);
    quota[k] = static_cast<std::int64_t>(exact);
    given += quota[k];
    remainders.emplace_back(-(exact - static_cast<double>(quota[k])), k);
  }
  std::stable_sort(remainders.begin(), remainders.end());
  for (std::size_t i = 0; given < count; ++i, ++given)
    quota[remainders[i % remainders.size()].second] += 1;
  return quota;
}

class PairMaker {
 public:
  PairMaker(const Dataset& dataset, const TextsByRecord& model_written, std::uint64_t seed)
      : dataset_(dataset), model_written_(model_written), seed_(seed), groups_(dataset) {
    for (std::size_t r = 0; r < dataset.records().size(); ++r) {
      if (!dataset.records()[r].reference.empty())
        answered_[dataset.records()[r].aspect].push_back(r);
    }
  }

  void make(PairKind kind, std::int64_t count, std::vector<PreferencePair>& pairs) const {
    if (count == 0) return;
    const std::vector<std::size_t> usable = usable_records(kind);
    ALARM_CHECK(!usable.empty(), "no record of data set '{}' can make a pair of kind {}{}",
                dataset_.name(), to_string(kind),
                kind == PairKind::kModelWritten
                    ? ": there are no model-written texts for its records, or its share is to be 0"
                    : ": it needs references, of two aspects and of two documents");
    const auto stream = static_cast<std::uint32_t>(kind);
    EvenWalk walk(seed_, kRecordStream + stream, usable.size());
    std::int64_t refused = 0;
    for (std::uint32_t i = 0; static_cast<std::int64_t>(i) - refused < count; ++i) {
      const std::size_t index = usable[walk.next()];
      const Record& record = dataset_.records()[index];
      if (auto rejected = make_rejected(kind, index, i)) {
        pairs.push_back({.record = &record,
                         .chosen = record.reference,
                         .rejected = std::move(*rejected),
                         .kind = kind});
        continue;
      }
      ALARM_CHECK(++refused < 100 * count + 1000,
                  "data set '{}' gives no pairs of kind {}: the texts equal the references",
                  dataset_.name(), to_string(kind));
    }
  }

 private:
  std::vector<std::size_t> usable_records(PairKind kind) const {
    std::vector<std::size_t> usable;
    for (std::size_t r = 0; r < dataset_.records().size(); ++r) {
      if (!dataset_.records()[r].reference.empty() && is_usable(kind, r)) usable.push_back(r);
    }
    return usable;
  }

  bool is_usable(PairKind kind, std::size_t index) const {
    const Record& record = dataset_.records()[index];
    switch (kind) {
      case PairKind::kOtherAspect:
        return !other_aspects(index).empty();
      case PairKind::kOtherPaper: {
        const std::vector<std::size_t>& answered = answered_.at(record.aspect);
        return groups_.group_of(answered.front()) !=
               groups_.group_of(answered.back());  // records come by document
      }
      case PairKind::kModelWritten: {
        const auto found = model_written_.find(record.id);
        return found != model_written_.end() && !found->second.empty();
      }
      case PairKind::kShuffled:
      case PairKind::kCut:
        return true;
    }
    return false;
  }

  // Answered records about the same document that ask for something else.
  std::vector<std::size_t> other_aspects(std::size_t index) const {
    std::vector<std::size_t> others;
    for (const std::size_t other : groups_.records(groups_.group_of(index))) {
      const Record& candidate = dataset_.records()[other];
      if (candidate.aspect != dataset_.records()[index].aspect && !candidate.reference.empty())
        others.push_back(other);
    }
    return others;
  }

  // The text that the rejected one is or is made of.
  const std::string& draw_text(PairKind kind, std::size_t index, Draws& draws) const {
    const Record& record = dataset_.records()[index];
    switch (kind) {
      case PairKind::kOtherAspect:
        return dataset_.records()[draws.pick(other_aspects(index))].reference;
      case PairKind::kOtherPaper: {
        const std::size_t other = draws.pick(answered_.at(record.aspect));
        const bool same = groups_.group_of(other) == groups_.group_of(index);
        return same ? record.reference
                    : dataset_.records()[other].reference;  // its own: refused, drawn again
      }
      case PairKind::kModelWritten:
        return draws.pick(model_written_.at(record.id));
      case PairKind::kShuffled:
      case PairKind::kCut:
        break;
    }
    return record.reference;
  }

  // Nothing when all attempts gave the chosen text itself.
  std::optional<std::string> make_rejected(PairKind kind, std::size_t index,
                                           std::uint32_t number) const {
    const std::string& chosen = dataset_.records()[index].reference;
    const auto stream = static_cast<std::uint32_t>(kind);
    Draws draws(seed_, kRejectedStream + stream, number);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::string text = draw_text(kind, index, draws);
      const auto draw =
          static_cast<std::uint32_t>(kAttempts) * number + static_cast<std::uint32_t>(attempt);
      if (kind == PairKind::kShuffled) text = shuffle_or_repeat_words(text, seed_, draw);
      if (kind == PairKind::kCut) text = cut_short(text, seed_, draw);
      if (text != chosen) return text;
    }
    return std::nullopt;
  }

  const Dataset& dataset_;
  const TextsByRecord& model_written_;
  std::uint64_t seed_;
  DocumentGroups groups_;
  std::map<std::string, std::vector<std::size_t>>
      answered_{};  // aspect -> records with a reference
};

}  // namespace

std::string_view to_string(PairKind kind) {
  switch (kind) {
    case PairKind::kOtherAspect:
      return "other_aspect";
    case PairKind::kOtherPaper:
      return "other_paper";
    case PairKind::kModelWritten:
      return "model_written";
    case PairKind::kShuffled:
      return "shuffled";
    case PairKind::kCut:
      return "cut";
  }
  return "unknown";
}

double PairMix::share(PairKind kind) const {
  const double shares[] = {other_aspect, other_paper, model_written, shuffled, cut};
  double sum = 0;
  for (const double share : shares) {
    ALARM_CHECK(share >= 0, "a share of the pairs is {}, expected at least 0", share);
    sum += share;
  }
  ALARM_CHECK(sum > 0, "the shares of all kinds of pairs are 0");
  return shares[static_cast<std::size_t>(kind)] / sum;
}

std::vector<PreferencePair> make_pairs(const Dataset& dataset, const PairMix& mix,
                                       const TextsByRecord& model_written, std::int64_t count,
                                       std::uint64_t seed) {
  ALARM_CHECK(count >= 0, "{} pairs were asked for", count);
  const auto quota = quotas(mix, count);
  const PairMaker maker(dataset, model_written, seed);
  std::vector<PreferencePair> by_kind;
  for (std::size_t k = 0; k < quota.size(); ++k) maker.make(kPairKinds[k], quota[k], by_kind);

  std::vector<PreferencePair> pairs;
  pairs.reserve(by_kind.size());
  EvenWalk order(seed, kOrderStream, by_kind.size());
  while (pairs.size() < by_kind.size()) pairs.push_back(std::move(by_kind[order.next()]));
  return pairs;
}

}  // namespace alarm_dist
