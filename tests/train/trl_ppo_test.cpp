// SPDX-License-Identifier: Apache-2.0
// Three PPO updates of a tiny Llama against TRL's own trainer (tests/golden/make_trl_ppo.py): from
// the same rollouts and scores the same adapter and value head, in float64.
#include <cmath>
#include <map>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/random.hpp"
#include "alarm/comm/world.hpp"
#include "alarm/train/learner.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::json;

class TrlPpo : public ::testing::Test {
 protected:
  TrlPpo()
      : golden_(Json::parse(testing::read_file(data_dir() / "trl_ppo.json"))),
        tensors_(TensorFile::open(data_dir() / "trl_ppo.safetensors")),
        config_(make_config()),
        policy_(CausalLm::load(
            testing::source_dir() / "tests/data/model/tiny_llama",
            {.dtype = at::kDouble,
             .adapter = {.rank = golden_["lora"]["rank"], .alpha = golden_["lora"]["alpha"]}})) {}

  static std::filesystem::path data_dir() { return testing::source_dir() / "tests/data/train"; }

  TrainConfig make_config() const {
    const Json& settings = golden_["settings"];
    TrainConfig config;
    config.run.seed = 3;
    config.run.steps = 3;
    config.rollout.sampling.temperature = settings["temperature"].get<double>() + 1e-7;
    auto& algorithm = config.algorithm;
    algorithm.minibatch = golden_["minibatch"];
    algorithm.epochs = golden_["epochs"];
    algorithm.clip = settings["cliprange"];
    algorithm.value_clip = settings["cliprange_value"];
    algorithm.value_coef = settings["vf_coef"];
    algorithm.value_trains_trunk = true;
    algorithm.gamma = settings["gamma"];
    algorithm.lambda = settings["lam"];
    algorithm.kl = {.coef = settings["kl_coef"], .target = 0};
    algorithm.early_stop_kl = 0;
    config.optimizer.lr = config.optimizer.critic_lr = settings["learning_rate"];
    config.optimizer.schedule.kind = ScheduleKind::kLinear;
    config.optimizer.max_grad_norm = 0;
    return config;
  }

  NamedTensors trained(const Learner& learner) const {
    auto tensors = policy_->trainable();
    for (const auto& head : learner.critic_weights()) tensors.push_back(head);
    return tensors;
  }

  void load(const Learner& learner, const std::string& name) const {
    const at::NoGradGuard no_grad;
    for (auto& [key, tensor] : trained(learner))
      tensor.copy_(tensors_.get(name + "." + key, tensor.sizes()));
  }

  void expect_weights(const Learner& learner, const std::string& name) const {
    double squares = 0, moved = 0;
    for (const auto& [key, tensor] : trained(learner)) {
      const auto expected = tensors_.get(name + "." + key, tensor.sizes());
      squares += (tensor.detach() - expected).square().sum().item<double>();
      moved += (expected - tensors_.get("start." + key)).square().sum().item<double>();
      EXPECT_LT((tensor.detach() - expected).abs().max().item<double>(), 1e-8) << key;
    }
    fmt::print("{}: {:.1e} of the way that the weights moved\n", name, std::sqrt(squares / moved));
    EXPECT_LT(std::sqrt(squares / moved), 1e-8) << name;
  }

  // Each sample is a prompt of its own, as in TRL.
  std::vector<Rollout> rollouts_of(std::size_t update) const {
    std::vector<Rollout> rollouts;
    for (const auto& sample : golden_["updates"][update]) {
      Rollout rollout;
      rollout.step = static_cast<std::int64_t>(update);
      rollout.sample_id = static_cast<std::uint32_t>(rollouts.size());
      rollout.prompt_group = static_cast<std::int64_t>(rollouts.size());
      rollout.prompt = sample["prompt"].get<std::vector<std::int64_t>>();
      rollout.response = sample["response"].get<std::vector<std::int64_t>>();
      rollout.sampled_logprobs.assign(rollout.response.size(), -5.0F);
      rollout.policy_logprobs = rollout.sampled_logprobs;
      rollouts.push_back(std::move(rollout));
    }
    return rollouts;
  }

  std::vector<ComposedReward> rewards_of(std::size_t update) const {
    std::vector<ComposedReward> rewards;
    for (const auto& sample : golden_["updates"][update]) {
      ComposedReward reward;
      reward.rewards.assign(sample["response"].size(), 0.0);
      reward.rewards.back() = sample["score"];
      rewards.push_back(std::move(reward));
    }
    return rewards;
  }

  void expect_order(std::size_t update) const {
    for (std::size_t epoch = 0; epoch < golden_["order"][update].size(); ++epoch) {
      EXPECT_EQ(draw_permutation({.seed = 3,
                                  .purpose = Purpose::kBatchOrder,
                                  .step = static_cast<std::uint32_t>(update),
                                  .sample = static_cast<std::uint32_t>(epoch)},
                                 8),
                golden_["order"][update][epoch].get<std::vector<std::int64_t>>());
    }
  }

  Json golden_;
  TensorFile tensors_;
  TrainConfig config_;
  std::unique_ptr<CausalLm> policy_;
};

TEST_F(TrlPpo, ThreeUpdatesGiveTheSameWeights) {
  run_thread_world(1, [&](World& world) {
    Learner learner(*policy_, {.host = &world.communicator(), .device = &world.communicator()},
                    config_);
    load(learner, "start");
    for (std::size_t update = 0; update < 3; ++update) {
      expect_order(update);
      std::map<std::string, double> metrics;
      for (const auto& [name, value] : learner.update(static_cast<std::int64_t>(update),
                                                      rollouts_of(update), rewards_of(update)))
        metrics[name] = value;
      const Json& expected = golden_["metrics"][update];
      EXPECT_NEAR(metrics.at("kl/k1"), expected["objective/kl"], 1e-6);
      EXPECT_NEAR(metrics.at("clip_fraction"), expected["policy/clipfrac_avg"], 1e-6);
      EXPECT_NEAR(metrics.at("value_clip_fraction"), expected["val/clipfrac_avg"], 1e-6);
      if (update != 1) expect_weights(learner, update == 0 ? "update1" : "update3");
    }
  });
}

}  // namespace
}  // namespace alarm_dist
