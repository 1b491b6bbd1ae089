// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/reward_head.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/train/memory_plan.hpp"
#include "alarm/train/reward_models.hpp"
#include "alarm/train/rewards.hpp"
#include "alarm/train/trainer.hpp"

#include "train/policy_loader.hpp"
#include "train/prompt_tokens.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

std::int64_t weight_bytes(const fs::path& dir) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() == ".safetensors") bytes += entry.file_size();
  }
  return static_cast<std::int64_t>(bytes);
}

nlohmann::json read_shape(const fs::path& dir) {
  return nlohmann::json::parse(read_whole_file(dir / "config.json"));
}

EncoderFacts decoder_facts(const TrainConfig& config, const fs::path& dir, at::ScalarType dtype) {
  const auto mapped = resolve_model(dir, dtype, config.paths.cache);
  const auto shape =
      CausalLm::load(mapped, {.dtype = dtype, .trained = Trained::kNothing})->shape();
  return {.layers = shape.layers,
          .hidden = shape.hidden,
          .feed_forward = shape.feed_forward,
          .weight_bytes = weight_bytes(mapped),
          .mapped = true};
}

EncoderFacts encoder_facts(const TrainConfig& config, const std::string& model,
                           at::ScalarType dtype) {
  if (model.empty()) throw UsageError("rewards: a source of kind model names no model");
  fs::path dir = reward_model_path(config, model);
  if (is_decoder_folder(dir)) return decoder_facts(config, dir, dtype);
  EncoderFacts facts;
  if (!fs::exists(dir)) {
    facts.to_train = find_recipe(config, model);
    if (facts.to_train == nullptr)
      throw UsageError(fmt::format("rewards: the reward model {} is not there", dir.string()));
    dir = facts.to_train->trunk;
  }
  const auto shape = read_shape(dir);
  facts.layers = shape.at("num_hidden_layers");
  facts.hidden = shape.at("hidden_size");
  facts.feed_forward = shape.at("intermediate_size");
  facts.weight_bytes = weight_bytes(dir);
  return facts;
}

std::int64_t count_parameters(const CausalLm& model) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : model.trainable()) count += tensor.numel();
  return count;
}

CriticFacts critic_facts(const TrainConfig& config, const CausalLm& policy) {
  const auto critic = load_critic(config, policy);
  const auto dir = critic_dir(config, policy.dtype());
  const bool shared =
      config.policy.device == "cpu" && critic_base(config, policy) == BaseWeights::kShared;
  return {.shape = critic->shape(),
          .weight_bytes = shared ? 0 : weight_bytes(dir),
          .trained_parameters = count_parameters(*critic)};
}

std::int64_t longest_prompt(const TrainConfig& config, const Tokenizer& tokenizer) {
  std::size_t longest = 0;
  const Datasets data = load_datasets(config);
  for (const auto* dataset : {&data.train, &data.validation, &data.test}) {
    for (const auto& record : dataset->records())
      longest = std::max(longest, prompt_tokens(tokenizer, record).size());
  }
  return static_cast<std::int64_t>(longest);
}

}  // namespace

MemoryFacts measure_memory_facts(const TrainConfig& config) {
  const c10::Device device = config.policy.device == "cuda" ? c10::kCUDA : c10::kCPU;
  const auto dtype = parse_precision(config.policy.precision, device);
  const auto dir = resolve_model(config.policy.model, dtype, config.paths.cache);
  const bool whole =
      config.policy.trained() == Trained::kWeights;  // which need not be made for this
  const auto policy = CausalLm::load(dir, {.dtype = dtype,
                                           .trained = whole ? Trained::kNothing : Trained::kAdapter,
                                           .adapter = config.policy.lora});
  load_start_adapter(config, *policy);
  MemoryFacts facts{.policy = policy->shape(),
                    .weight_bytes = weight_bytes(dir),
                    .element_bytes = static_cast<std::int64_t>(at::elementSize(dtype)),
                    .longest_prompt = longest_prompt(config, *load_tokenizer(dir))};
  facts.trained_parameters = whole ? policy->shape().parameters : count_parameters(*policy);
  if (resolve_algorithm(config.algorithm).own_critic) facts.critic = critic_facts(config, *policy);
  const auto add = [&](const SourceConfig& source) {
    if (source.kind == "model")
      facts.encoders.push_back(encoder_facts(config, source.model, dtype));
  };
  if (config.rewards.configured) add(config.rewards.holistic.source);
  for (const auto& aspect : config.rewards.aspects) add(aspect.source);
  return facts;
}

}  // namespace alarm_dist
