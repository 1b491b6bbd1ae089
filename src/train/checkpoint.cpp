// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/checkpoint.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"
#include "alarm/store/atomic_file.hpp"

#include "train/weight_copies.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "step-";
constexpr const char* kTrained = "trained.safetensors";
constexpr const char* kAverage = "average.safetensors";

NamedTensors on_cpu(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors)
    copies.emplace_back(name, tensor.detach().to(at::kCPU).contiguous());
  return copies;
}

void copy_into(const NamedTensors& tensors, const TensorFile& file) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    at::Tensor target = tensor;
    target.copy_(file.get(name, tensor.sizes()));
  }
}

}  // namespace

std::string write_state(const TrainState& state) {
  nlohmann::ordered_json json{{"step", state.step},
                              {"optimizer_steps", state.optimizer_steps},
                              {"kl_coefficient", state.kl_coefficient},
                              {"nonfinite_in_a_row", state.nonfinite_in_a_row},
                              {"weights_version", state.weights_version},
                              {"best_step", state.best_step},
                              {"sound_step", state.sound_step}};
  if (state.best_value) json["best_value"] = *state.best_value;
  auto& normalization = json["normalization"] = nlohmann::ordered_json::object();
  for (const auto& [name, statistics] : state.normalization) {
    normalization[name] = {{"mean", statistics.mean}, {"deviation", statistics.deviation}};
  }
  return json.dump(2) + "\n";
}

TrainState read_state(const fs::path& file) {
  try {
    const auto json = nlohmann::json::parse(read_whole_file(file));
    TrainState state;
    state.step = json.at("step");
    state.optimizer_steps = json.at("optimizer_steps");
    state.kl_coefficient = json.at("kl_coefficient");
    state.nonfinite_in_a_row = json.value("nonfinite_in_a_row", 0);
    state.weights_version = json.at("weights_version");
    state.best_step = json.at("best_step");
    state.sound_step = json.value("sound_step", std::int64_t{-1});
    if (json.contains("best_value")) state.best_value = json.at("best_value").get<double>();
    for (const auto& [name, statistics] : json.at("normalization").items()) {
      state.normalization[name] = {.mean = statistics.at("mean"),
                                   .deviation = statistics.at("deviation")};
    }
    return state;
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("{}: {}", file.string(), error.what()));
  }
}

Checkpoints::Checkpoints(fs::path dir, std::int64_t keep, EvaluatedWeights released)
    : dir_(std::move(dir)), keep_(keep), released_(released) {}

fs::path Checkpoints::path_of(std::int64_t step) const {
  return dir_ / fmt::format("{}{:06}", kPrefix, step);
}

void Checkpoints::save(const TrainState& state, const CausalLm& policy,
                       const Learner& learner) const {
  const fs::path target = path_of(state.step);
  const fs::path draft = dir_ / fmt::format(".{}{:06}.part", kPrefix, state.step);
  fs::remove_all(draft);
  for (const char* part : {"policy", "optimizer"}) fs::create_directories(draft / part);
  const auto release = [&] {
    policy.save(draft / "policy");
    if (policy.trained() == Trained::kAdapter) policy.save_adapter(draft / "adapter");
  };
  if (released_ == EvaluatedWeights::kLast) {
    release();
  } else {
    while_exchanged(policy.trainable(), learner.averaged_weights(), release);
  }
  if (const auto critic = learner.critic_weights(); !critic.empty()) {
    fs::create_directories(draft / "critic");
    write_safetensors(draft / "critic" / "weights.safetensors", on_cpu(critic));
  }
  write_safetensors(draft / "optimizer" / kTrained, on_cpu(policy.trainable()));
  write_safetensors(draft / "optimizer" / "moments.safetensors", learner.optimizer().state());
  if (!learner.reference_weights().empty()) {
    write_safetensors(draft / "optimizer" / "reference.safetensors",
                      on_cpu(learner.reference_weights()));
  }
  if (!learner.averaged_weights().empty())
    write_safetensors(draft / "optimizer" / kAverage, on_cpu(learner.averaged_weights()));
  write_file_atomically(draft / "state.json", write_state(state));
  write_manifest(draft);
  fs::remove_all(target);
  fs::rename(draft, target);
  remove_old(state);
}

std::vector<fs::path> Checkpoints::complete() const {
  std::vector<fs::path> found;
  if (!fs::is_directory(dir_)) return found;
  for (const auto& entry : fs::directory_iterator(dir_)) {
    const auto name = entry.path().filename().string();
    if (name.rfind(kPrefix, 0) == 0 && has_manifest(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void Checkpoints::remove_old(const TrainState& state) const {
  auto all = complete();
  for (const auto step : {state.best_step, state.sound_step}) {
    if (step >= 0) std::erase(all, path_of(step));
  }
  const auto excess = static_cast<std::int64_t>(all.size()) - std::max<std::int64_t>(1, keep_);
  for (std::int64_t i = 0; i < excess; ++i) fs::remove_all(all[static_cast<std::size_t>(i)]);
}

std::optional<fs::path> Checkpoints::latest() const {
  auto all = complete();
  while (!all.empty()) {
    try {
      verify_manifest(all.back());
      return all.back();
    } catch (const Error& error) {
      log::warn("checkpoint passed over: {}", error.what());
      all.pop_back();
    }
  }
  return std::nullopt;
}

TrainState Checkpoints::load_state(const fs::path& checkpoint) {
  verify_manifest(checkpoint);
  return read_state(checkpoint / "state.json");
}

void Checkpoints::load_trained(const fs::path& checkpoint, const CausalLm& policy,
                               EvaluatedWeights which) {
  const char* file = which == EvaluatedWeights::kLast ? kTrained : kAverage;
  copy_into(policy.trainable(), TensorFile::open(checkpoint / "optimizer" / file));
}

void Checkpoints::load_learner(const fs::path& checkpoint, const TrainState& state,
                               Learner& learner) {
  if (const auto critic = learner.critic_weights(); !critic.empty())
    copy_into(critic, TensorFile::open(checkpoint / "critic" / "weights.safetensors"));
  learner.optimizer().load_state(TensorFile::open(checkpoint / "optimizer" / "moments.safetensors"),
                                 state.optimizer_steps);
  if (!learner.reference_weights().empty()) {
    copy_into(learner.reference_weights(),
              TensorFile::open(checkpoint / "optimizer" / "reference.safetensors"));
  }
  if (!learner.averaged_weights().empty())
    copy_into(learner.averaged_weights(), TensorFile::open(checkpoint / "optimizer" / kAverage));
  learner.set_nonfinite_in_a_row(static_cast<int>(state.nonfinite_in_a_row));
  learner.kl().set_coefficient(state.kl_coefficient);
}

}  // namespace alarm_dist
