// SPDX-License-Identifier: Apache-2.0
// The loop that trains one reward model: examples shared out over the ranks, gradients summed,
// AdamW.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/metrics/progress.hpp"
#include "alarm/reward/model_card.hpp"
#include "alarm/reward/preference_groups.hpp"
#include "alarm/reward/training.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/train/optimizer.hpp"
#include "alarm/train/reward_models.hpp"
#include "alarm/train/rewards.hpp"
#include "alarm/train/sync.hpp"
#include "alarm/train/trainer.hpp"

#include "train/policy_loader.hpp"
#include "train/policy_samples.hpp"
#include "train/recipe_check.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

// The part of n things that is this rank's.
template <typename T>
std::span<const T> share(std::span<const T> all, const World& world) {
  const auto n = all.size();
  const auto ranks = static_cast<std::size_t>(world.size());
  const auto rank = static_cast<std::size_t>(world.rank());
  const auto begin = n * rank / ranks;
  return all.subspan(begin, n * (rank + 1) / ranks - begin);
}

Dataset training_data(const TrainConfig& config, const RewardModelRecipe& recipe) {
  const Datasets splits = load_datasets(config);
  std::vector<Record> records;
  for (const auto& split : recipe.data) {
    const auto& part = (split == "validation" ? splits.validation : splits.train).records();
    records.insert(records.end(), part.begin(), part.end());
  }
  return {fmt::format("{}", fmt::join(recipe.data, "+")), std::move(records), 0};
}

// The first n records, whole papers with three aspects each, two papers at least.
Dataset held_out_data(const TrainConfig& config, const RewardModelRecipe& recipe) {
  Dataset test = load_datasets(config).test;
  auto records = test.records();
  const std::int64_t wanted = std::max<std::int64_t>(6, recipe.held_out / 3 * 3);
  if (recipe.held_out > 0 && wanted < test.size()) records.resize(static_cast<std::size_t>(wanted));
  return {test.name(), std::move(records), 0};
}

double learning_rate_scale(std::int64_t step, std::int64_t steps, double warmup) {
  const double done = static_cast<double>(step) / static_cast<double>(steps);
  if (done < warmup)
    return (static_cast<double>(step) + 1) / (warmup * static_cast<double>(steps) + 1);
  return (1.0 - done) / (1.0 - warmup);
}

// What differs between kinds of reward models: the examples of an epoch, and the loss of some of
// them.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::int64_t start_epoch(std::int64_t epoch) = 0;  // returns the number of examples
  // Differentiates the mean loss over examples [begin, end) with respect to this rank's part;
  // returns that part.
  virtual double backward(const EncoderModel& model, std::int64_t begin, std::int64_t end) = 0;
  virtual void measure(const EncoderModel& model,
                       RewardModelSummary& summary) = 0;  // on held-out records
};

struct Context {
  World& world;
  Communicator& device;  // all ranks, where the model is
  const Tokenizer& tokenizer;
  const InputTemplate& input;
  const RewardModelRecipe& recipe;
  std::uint64_t seed;
};

// Runs body over the items in pieces of about micro_tokens rows.
template <typename T, typename Body>
void in_pieces(std::span<const T> items, const Context& context, const Body& body) {
  const auto piece = static_cast<std::size_t>(
      std::max<std::int64_t>(1, context.recipe.micro_tokens / context.input.max_tokens));
  for (std::size_t begin = 0; begin < items.size(); begin += piece) {
    body(items.subspan(begin, std::min(piece, items.size() - begin)));
  }
}

// Scores of all ranks' parts, in order.
std::vector<double> gather_scores(World& world, const std::vector<double>& mine) {
  ByteWriter writer;
  writer.put_vector(mine);
  std::vector<double> all;
  for (const auto& part : gather_bytes(world.communicator(), writer.bytes())) {
    const auto scores = ByteReader(part).get_vector<double>();
    all.insert(all.end(), scores.begin(), scores.end());
  }
  return all;
}

class PreferenceObjective : public Objective {
 public:
  struct Data {
    const Dataset& records;
    ModelWritten written;
  };
  PreferenceObjective(const Context& context, Data data, Data held_out)
      : context_(context), data_(std::move(data)), held_out_(std::move(held_out)) {}

  std::int64_t start_epoch(std::int64_t epoch) override {
    pairs_ = make_preference_groups(data_.records, data_.written, context_.seed, epoch);
    offsets_ = group_offsets(pairs_);
    return static_cast<std::int64_t>(offsets_.size()) - 1;
  }

  double backward(const EncoderModel& model, std::int64_t begin, std::int64_t end) override {
    std::vector<std::int64_t> groups(static_cast<std::size_t>(end - begin));
    std::iota(groups.begin(), groups.end(), begin);
    const auto pairs = static_cast<double>(offset(end) - offset(begin));
    double loss = 0;
    // A group has at most 6 texts; a piece is one micro-batch.
    for (const auto group : share(std::span<const std::int64_t>(groups), context_.world)) {
      piece_.push_back(group);
      if (static_cast<std::int64_t>(piece_.size()) * 6 * context_.input.max_tokens >=
          context_.recipe.micro_tokens) {
        loss += backward_piece(model, pairs);
      }
    }
    return loss + backward_piece(model, pairs);
  }

  void measure(const EncoderModel& model, RewardModelSummary& summary) override {
    const auto pairs =
        make_preference_groups(held_out_.records, held_out_.written, context_.seed, 0);
    const std::span<const PreferencePair> mine =
        share(std::span<const PreferencePair>(pairs), context_.world);
    const auto inputs = pair_inputs(context_.tokenizer, context_.input, mine);
    const auto scores =
        gather_scores(context_.world, score_inputs(model, inputs, context_.recipe.micro_tokens));
    const auto accuracy = measure_pairs(pairs, scores);
    KindAccuracy all{.kind = "all"};
    for (const auto kind : kPairKinds) {
      const auto& count = accuracy.counts.at(static_cast<std::size_t>(kind));
      if (count.pairs == 0) continue;
      summary.accuracy.push_back(
          {.kind = std::string(to_string(kind)), .correct = count.correct, .count = count.pairs});
      all.correct += count.correct;
      all.count += count.pairs;
    }
    summary.accuracy.push_back(all);
  }

 private:
  std::int64_t offset(std::int64_t group) const {
    return offsets_.at(static_cast<std::size_t>(group));
  }

  double backward_piece(const EncoderModel& model, double pairs_in_batch) {
    std::vector<PreferencePair> pairs;
    for (const auto group : piece_)
      pairs.insert(pairs.end(), pairs_.begin() + offset(group), pairs_.begin() + offset(group + 1));
    piece_.clear();
    if (pairs.empty()) return 0;
    const at::Tensor loss =
        bradley_terry_sum(score_pairs(model, context_.tokenizer, context_.input, pairs)) /
        pairs_in_batch;
    loss.backward();
    return loss.item<double>();
  }

  Context context_;
  Data data_, held_out_;
  std::vector<PreferencePair> pairs_;
  std::vector<std::int64_t> offsets_, piece_;
};

class SentenceObjective : public Objective {
 public:
  using Maker = std::vector<SentenceExample> (*)(const Dataset&, std::int64_t, std::uint64_t);
  SentenceObjective(const Context& context, const Dataset& data, const Dataset& held_out,
                    Maker make)
      : context_(context), data_(data), held_out_(held_out), make_(make) {}

  std::int64_t start_epoch(std::int64_t epoch) override {
    examples_ = make_(data_, context_.recipe.examples,
                      context_.seed + (static_cast<std::uint64_t>(epoch) << 32U));
    return static_cast<std::int64_t>(examples_.size());
  }

  double backward(const EncoderModel& model, std::int64_t begin, std::int64_t end) override {
    const std::span<const SentenceExample> batch(examples_.begin() + begin,
                                                 examples_.begin() + end);
    double loss = 0;
    in_pieces(share(batch, context_.world), context_, [&](std::span<const SentenceExample> piece) {
      const at::Tensor sum = cross_entropy_sum(model, context_.tokenizer, context_.input, piece) /
                             static_cast<double>(batch.size());
      sum.backward();
      loss += sum.item<double>();
    });
    return loss;
  }

  void measure(const EncoderModel& model, RewardModelSummary& summary) override {
    const auto examples = make_(held_out_, context_.recipe.examples, context_.seed);
    const auto mine = share(std::span<const SentenceExample>(examples), context_.world);
    const auto inputs = example_inputs(context_.tokenizer, context_.input, mine);
    const auto scores =
        gather_scores(context_.world, score_inputs(model, inputs, context_.recipe.micro_tokens));
    std::vector<bool> labels;
    std::map<std::string, KindAccuracy> kinds;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      labels.push_back(examples[i].label);
      auto& kind = kinds[std::string(to_string(examples[i].kind))];
      kind.count += 1;
      kind.correct += (scores[i] > 0) == examples[i].label ? 1 : 0;
    }
    for (auto& [name, kind] : kinds) {
      kind.kind = name;
      summary.accuracy.push_back(kind);
    }
    summary.auc = area_under_curve(scores, labels);
  }

 private:
  Context context_;
  const Dataset& data_;
  const Dataset& held_out_;
  Maker make_;
  std::vector<SentenceExample> examples_;
};

std::unique_ptr<Objective> make_objective(const Context& context, const TrainConfig& config,
                                          const Dataset& data, const Dataset& held_out) {
  const auto& recipe = context.recipe;
  if (recipe.kind == "evidence")
    return std::make_unique<SentenceObjective>(context, data, held_out, make_relevance_examples);
  if (recipe.kind == "groundedness") {
    return std::make_unique<SentenceObjective>(context, data, held_out, make_groundedness_examples);
  }
  log::root_info("'{}': sampling answers of the initial policy", recipe.name);
  auto written =
      sample_policy(context.world, config, data, recipe.model_written, recipe.name + "/train");
  auto held_out_written = sample_policy(context.world, config, held_out, recipe.model_written / 4,
                                        recipe.name + "/held-out");
  return std::make_unique<PreferenceObjective>(
      context, PreferenceObjective::Data{data, std::move(written)},
      PreferenceObjective::Data{held_out, std::move(held_out_written)});
}

void train(Objective& objective, const EncoderModel& model, const Context& context) {
  const auto& recipe = context.recipe;
  Optimizer optimizer({{model.trainable(), recipe.lr}}, {.weight_decay = recipe.weight_decay});
  const auto parameters = optimizer.parameters();
  auto examples = objective.start_epoch(0);
  const std::int64_t steps_an_epoch = (examples + recipe.batch - 1) / recipe.batch;
  const std::int64_t steps = steps_an_epoch * recipe.epochs;
  std::optional<Progress> progress;
  if (context.world.rank() == 0)
    progress.emplace(Progress::Options{.label = recipe.name, .total = steps});
  for (std::int64_t step = 0; step < steps; ++step) {
    if (step > 0 && step % steps_an_epoch == 0)
      examples = objective.start_epoch(step / steps_an_epoch);
    const auto begin = std::min(step % steps_an_epoch * recipe.batch, examples);
    context.world.control().set_doing(
        fmt::format("step {} of reward model '{}'", step, recipe.name));
    optimizer.zero_grad();
    const double loss = objective.backward(model, begin, std::min(begin + recipe.batch, examples));
    ALARM_CHECK(std::isfinite(loss), "reward model '{}': the loss is {} in step {}", recipe.name,
                loss, step);
    sum_gradients(context.device, parameters);
    clip_gradients(parameters, gradient_norm(parameters), recipe.max_grad_norm);
    optimizer.step(learning_rate_scale(step, steps, recipe.warmup));
    if (progress) progress->update(step + 1);
  }
}

void log_accuracy(const RewardModelSummary& summary) {
  for (const auto& accuracy : summary.accuracy) {
    log::root_info("'{}' on held-out records: {:.3f} on {} ({} of {})", summary.name,
                   static_cast<double>(accuracy.correct) /
                       static_cast<double>(std::max<std::int64_t>(1, accuracy.count)),
                   accuracy.kind, accuracy.correct, accuracy.count);
  }
  if (summary.auc)
    log::root_info("'{}' on held-out records: area under the curve {:.3f}", summary.name,
                   *summary.auc);
}

// Written beside and renamed, so that a killed run leaves no half a model.
void save_model(const EncoderModel& model, const RewardModelCard& card,
                const RewardModelSummary& summary, const fs::path& dir) {
  const fs::path draft = dir.parent_path() / ("." + dir.filename().string() + ".part");
  fs::remove_all(draft);
  fs::create_directories(draft);
  model.save(draft);
  save_reward_model_card(draft, card);
  write_reward_models(draft, {&summary, 1});
  write_manifest(draft);
  fs::remove_all(dir);
  fs::rename(draft, dir);
}

RewardModelCard make_card(const TrainConfig& config, const RewardModelRecipe& recipe,
                          const Dataset& data) {
  return {
      .name = recipe.name,
      .granularity = recipe.kind == "preference" ? Granularity::kResponse : Granularity::kSentence,
      .input = {.first = recipe.first,
                .second = recipe.second,
                .max_tokens = recipe.max_tokens,
                .max_document_tokens = recipe.document_tokens,
                .document_cut = DocumentCut::kMiddle},
      .trained_on = fmt::format("{} ({}), {} records", config.task.name, data.name(), data.size()),
      .accuracy = {},
      .recipe = recipe_settings(recipe)};
}

void put_accuracy(const RewardModelSummary& summary, RewardModelCard& card) {
  for (const auto& accuracy : summary.accuracy) {
    card.accuracy[accuracy.kind] =
        static_cast<double>(accuracy.correct) / static_cast<double>(accuracy.count);
  }
  if (summary.auc) card.accuracy["auc"] = *summary.auc;
}

}  // namespace

RewardModelSummary train_reward_model(World& world, const TrainConfig& config,
                                      const RewardModelRecipe& recipe) {
  const Stopwatch clock;
  const auto device = rank_device(config, world);
  const Dataset data = training_data(config, recipe);
  const Dataset held_out = held_out_data(config, recipe);
  auto card = make_card(config, recipe, data);
  check_template(card.input);
  const auto tokenizer = load_tokenizer(recipe.trunk);
  const auto device_ranks = world.make_communicator(device);
  const Context context{.world = world,
                        .device = *device_ranks,
                        .tokenizer = *tokenizer,
                        .input = card.input,
                        .recipe = recipe,
                        .seed = static_cast<std::uint64_t>(config.run.seed)};
  const auto model =
      EncoderModel::load(recipe.trunk, {.dtype = parse_precision(recipe.precision, device),
                                        .device = device,
                                        .frozen_layers = recipe.frozen_layers,
                                        .train = true,
                                        .score_head = true,
                                        .seed = static_cast<std::uint64_t>(config.run.seed)});
  // Before answers are sampled, which may take hours.
  check_encoder_fits(recipe.name, card.input, *tokenizer, *model);
  const auto objective = make_objective(context, config, data, held_out);
  train(*objective, *model, context);
  RewardModelSummary summary{.name = recipe.name, .kind = recipe.kind};
  {
    const at::NoGradGuard no_grad;
    objective->measure(*model, summary);
  }
  summary.seconds = clock.seconds();
  log_accuracy(summary);
  put_accuracy(summary, card);
  if (world.rank() == 0) save_model(*model, card, summary, reward_model_path(config, recipe.name));
  world.communicator().barrier();
  return summary;
}

}  // namespace alarm_dist
