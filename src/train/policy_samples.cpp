// SPDX-License-Identifier: Apache-2.0
#include "train/policy_samples.hpp"

#include <algorithm>
#include <memory>

#include "alarm/base/random.hpp"
#include "alarm/train/harvest.hpp"

#include "train/policy_loader.hpp"
#include "train/prompt_tokens.hpp"

namespace alarm_dist {
namespace {

constexpr double kContinuedTemperature = 0.7;

std::string first_words(const std::string& text, std::uint64_t count) {
  std::size_t end = 0;
  for (std::uint64_t word = 0; word < count && end != std::string::npos; ++word)
    end = text.find(' ', end + 1);
  return text.substr(0, end);
}

// The data set with each prompt continued by the expert's first words.
Dataset with_prefixes(const Dataset& dataset, std::vector<std::string>& prefixes,
                      std::uint64_t seed) {
  std::vector<Record> records = dataset.records();
  prefixes.clear();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const DrawKey key{.seed = seed,
                      .purpose = Purpose::kPairs,
                      .step = 0xC0,
                      .sample = static_cast<std::uint32_t>(i)};
    prefixes.push_back(first_words(records[i].reference, 2 + draw_below(key, 3)));
    records[i].prompt += prefixes.back();
  }
  return {dataset.name(), std::move(records), 0};
}

// At most `count` of the records whose groups want an answer of the sort, spread over the data set.
std::vector<std::int64_t> records_of(const Dataset& dataset, WrittenSort sort, std::int64_t count) {
  std::vector<std::int64_t> wanted, chosen;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    if (written_sort(i) == sort) wanted.push_back(i);
  }
  const auto all = static_cast<std::int64_t>(wanted.size());
  count = std::min(count, all);
  for (std::int64_t i = 0; i < count; ++i)
    chosen.push_back(wanted[static_cast<std::size_t>(i * all / count)]);
  return chosen;
}

}  // namespace

ModelWritten sample_policy(World& world, const TrainConfig& config, const Dataset& dataset,
                           std::int64_t count, const std::string& name) {
  const auto seed = static_cast<std::uint64_t>(config.run.seed);
  const auto policy = load_policy(config, world);
  const auto tokenizer = load_policy_tokenizer(config, *policy);
  const Placement everyone(PlacementConfig{}, world.rank(), world.size());
  const Actors actors{.policy = policy.get(), .tokenizer = tokenizer.get()};
  HarvestPlan plan{.name = name + "/sampled",
                   .dataset = &dataset,
                   .records = records_of(dataset, WrittenSort::kSampled, count),
                   .group_size = config.evaluate.group_size,
                   .sampling = config.rollout.sampling,
                   .draws = {.seed = seed, .step = 0xFFFFFFF0},
                   .adapter = initial_adapter(config)};
  const auto drop_too_long = [&] {
    std::erase_if(plan.records, [&](std::int64_t index) {
      const Record& record = plan.dataset->at(index);
      const auto prompt = std::ssize(prompt_tokens(*tokenizer, record));
      return prompt + plan.sampling.max_new_tokens > policy->shape().context;
    });
  };
  ModelWritten written;
  drop_too_long();
  for (auto& rollout : harvest(world, everyone, actors, plan).rollouts)
    written.sampled[rollout.record] = rollout.text;

  std::vector<std::string> prefixes;
  const Dataset prefixed = with_prefixes(dataset, prefixes, seed);
  plan.name = name + "/continued";
  plan.dataset = &prefixed;
  plan.records = records_of(dataset, WrittenSort::kContinued, count);
  plan.sampling.temperature = kContinuedTemperature;
  plan.draws.step = 0xFFFFFFF1;
  drop_too_long();
  for (auto& rollout : harvest(world, everyone, actors, plan).rollouts) {
    written.continued[rollout.record] =
        prefixes[static_cast<std::size_t>(rollout.record)] + rollout.text;
  }
  return written;
}

}  // namespace alarm_dist
