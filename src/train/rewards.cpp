// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/rewards.hpp"

#include <algorithm>

#include "alarm/base/error.hpp"
#include "alarm/model/reward_head.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHolistic = "holistic";

struct Wanted {
  std::string name;
  Granularity granularity = Granularity::kResponse;
};

// What the config wants of its sources, the holistic one first.
std::vector<std::pair<SourceConfig, Wanted>> wanted_sources(const TrainConfig& config) {
  std::vector<std::pair<SourceConfig, Wanted>> sources;
  if (!config.rewards.configured) return sources;
  sources.push_back({config.rewards.holistic.source, {.name = kHolistic}});
  for (const auto& aspect : config.rewards.aspects)
    sources.push_back({aspect.source, {.name = aspect.name, .granularity = aspect.granularity}});
  return sources;
}

// Where models compute, and in what type.
struct Place {
  c10::Device device;
  at::ScalarType dtype;
};

std::unique_ptr<RewardSource> make_source(const TrainConfig& config, const Place& place,
                                          const SourceConfig& source, const Wanted& wanted) {
  if (source.kind == "link_grammar") {
    return make_link_grammar_source({.name = wanted.name, .granularity = wanted.granularity});
  }
  auto made = make_learned_source({.name = wanted.name,
                                   .model = reward_model_path(config, source.model),
                                   .granularity = wanted.granularity,
                                   .decoder = source.decoder,
                                   .date = config.task.date,
                                   .cache = config.paths.cache,
                                   .dtype = place.dtype,
                                   .device = place.device,
                                   .micro_tokens = config.learner.micro_tokens});
  if (made->granularity() != wanted.granularity) {
    throw UsageError(fmt::format(
        "rewards: '{}' is wanted by {}, but the model {} gives values by {}", wanted.name,
        to_string(wanted.granularity), source.model, to_string(made->granularity())));
  }
  return made;
}

// The values that statistics are made of: every emission of the component.
std::vector<double> emitted_values(std::span<const Rollout> rollouts,
                                   const std::string& component) {
  std::vector<double> values;
  for (const auto& rollout : rollouts) {
    const auto* trace = rollout.trace.find(component);
    if (trace == nullptr) continue;
    for (const auto& emission : trace->emissions) values.push_back(emission.value);
  }
  return values;
}

}  // namespace

fs::path reward_model_path(const TrainConfig& config, const std::string& model) {
  if (model.find('/') != std::string::npos) return model;
  return fs::path(config.paths.reward_models) / model;
}

std::unique_ptr<RewardPanel> make_panel(const TrainConfig& config, c10::Device device) {
  if (!config.rewards.configured) return nullptr;
  std::vector<std::unique_ptr<RewardSource>> sources;
  const Place place{device, parse_precision(config.policy.precision, device)};
  for (const auto& [source, wanted] : wanted_sources(config))
    sources.push_back(make_source(config, place, source, wanted));
  return std::make_unique<RewardPanel>(std::move(sources));
}

void check_decoders(const TrainConfig& config) {
  const c10::Device device = config.policy.device == "cuda" ? c10::kCUDA : c10::kCPU;
  const Place place{c10::kCPU, parse_precision(config.policy.precision, device)};
  for (const auto& [source, wanted] : wanted_sources(config)) {
    if (source.kind == "model" && is_decoder_folder(reward_model_path(config, source.model)))
      make_source(config, place, source, wanted);
  }
}

std::map<std::string, Statistics> measure_normalization(const TrainConfig& config,
                                                        std::span<const Rollout> rollouts) {
  std::map<std::string, Statistics> measured;
  const auto measure = [&](const std::string& name, const std::string& normalize) {
    if (normalize == "measured")
      measured[name] = measure_statistics(name, emitted_values(rollouts, name));
  };
  measure(kHolistic, config.rewards.holistic.normalize);
  for (const auto& aspect : config.rewards.aspects) measure(aspect.name, aspect.normalize);
  return measured;
}

Composer::Composer(const TrainConfig& config,
                   const std::map<std::string, Statistics>& normalization)
    : has_rewards_(config.rewards.configured) {
  const auto statistics = [&](const std::string& name) {
    const auto found = normalization.find(name);
    return found == normalization.end() ? Statistics{} : found->second;
  };
  const auto& compose = config.rewards.compose;
  config_ = {.kind = compose.kind,
             .holistic = kHolistic,
             .holistic_normalization = statistics(kHolistic),
             .holistic_weight = compose.holistic_weight,
             .threshold = compose.threshold,
             .shaping = compose.shaping,
             .aspects = {},
             .too_short_reward = compose.too_short_reward};
  for (const auto& aspect : config.rewards.aspects) {
    aspects_.push_back(aspect.name);
    if (std::find(compose.use.begin(), compose.use.end(), aspect.name) != compose.use.end()) {
      config_.aspects.push_back({.component = aspect.name,
                                 .weight = aspect.weight,
                                 .normalization = statistics(aspect.name)});
    }
  }
}

ComposedReward Composer::operator()(const Rollout& rollout) const {
  if (!has_rewards_)
    return {.rewards = std::vector<double>(static_cast<std::size_t>(rollout.tokens()), 0.0)};
  return compose(rollout.trace, rollout.tokens(), rollout.ended(), config_);
}

double Composer::value(const Rollout& rollout, const std::string& component) const {
  const auto* trace = rollout.trace.find(component);
  if (trace == nullptr || trace->emissions.empty()) return 0;
  double sum = 0;
  for (const auto& emission : trace->emissions) sum += emission.value;
  const double mean = sum / static_cast<double>(trace->emissions.size());
  return component == kHolistic ? normalize(mean, config_.holistic_normalization) : mean;
}

bool Composer::in_use(const std::string& aspect) const {
  return std::any_of(config_.aspects.begin(), config_.aspects.end(),
                     [&](const auto& term) { return term.component == aspect; });
}

}  // namespace alarm_dist
