// SPDX-License-Identifier: Apache-2.0
// What a config may say about the algorithm (`algorithm:`). Empty options take what the preset of
// `kind` has; algorithm.hpp makes the choices out of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "alarm/model/causal_lm.hpp"
#include "alarm/rl/aggregate.hpp"
#include "alarm/rl/kl.hpp"
#include "alarm/rl/kl_loss.hpp"
#include "alarm/rl/ppo.hpp"
#include "alarm/rl/preference.hpp"
#include "alarm/train/fine_grained_config.hpp"

namespace alarm_dist {

enum class AdvantageKind {
  kGae,              // with a critic: PPO
  kGroupNormalized,  // (R - mean) / deviation over the samples of a prompt: GRPO
  kBatchNormalized,  // the same over the deviation of the whole batch: scale_rewards "batch"
  kGroupCentred,     // R - mean: Dr. GRPO, REINFORCE++-baseline
  kLeaveOneOut,      // R - mean of the others: RLOO
  kRewardToGo,       // what a token earns from itself on: REINFORCE++
  kNone,             // the loss is of preferences, of answers or of Q-values
};

enum class PolicyLossKind {
  kToken,         // a clipped ratio a token: PPO, GRPO, DAPO
  kSequence,      // one a response, the product of its tokens': RLOO
  kSequenceMean,  // one a response, their geometric mean: GSPO
  kCispo,         // clipped ratios as constant weights
  // Of the best and the worst sample of a prompt (alarm/rl/preference.hpp).
  kDpo,
  kIpo,
  kSimpo,
  kKto,
  kSelm,  // DPO and optimism: samples of the reference become less likely
  // Of an expert's answers.
  kSupervised,
  // The expectation over the vocabulary of a critic's Q-values, and the divergence: ETPO.
  kSoftQ,
};

// How the first of a prompt's samples is drawn.
enum class FirstSample {
  kSampled,  // as the others
  kGreedy,   // the likeliest token each time: what the policy would answer at temperature 0
};

struct PreferenceConfig {
  std::optional<double> beta = {};
  double label_smoothing = 0;                    // dpo (cDPO), simpo
  LabelNoise noise = LabelNoise::kConservative;  // dpo, selm: what smoothing takes for granted
  LogprobScale scale = LogprobScale::kSum;       // ipo: of a response's log-probabilities
  double margin = 0.5;                           // simpo
  double alpha = 0.001;  // selm; of the term that makes the reference's sample less likely
  std::optional<FirstSample> first_sample = {};
  double desirable_weight = 1;    // kto
  double undesirable_weight = 1;  // kto
};

// What a step learns from.
enum class StepData {
  kRollouts,    // responses of the policy, ranked or weighed by the program's rewards
  kReferences,  // the data set's: an expert's answer, and for preferences a rejected one
};

enum class KlPlacement { kReward, kLoss, kNone };
enum class KlLevel { kToken, kResponse };
// Of a KL term in the loss (kl_loss.hpp). rho is the policy's ratio to the old log-probabilities.
enum class KlLossGradient {
  kOwn,              // of the estimator
  kStraightThrough,  // k2's, under the estimator's value: verl's k1+, k3+
  kRatio,            // of estimator * rho: TRL's use_bias_correction_kl
  kRatioWeighted,    // constant(min(rho, cap)) times k2's: OpenRLHF's unbiased_gradient
};
enum class WhitenScope { kGlobal, kLocal, kNone };
enum class OldLogprobs { kRecompute, kSampled };
enum class OnNonFinite { kStop, kSkip };

// Off-policy correction between generation and training (alarm/rl/correction.hpp).
enum class CorrectionKind { kNone, kTruncated, kMasked, kGeometric, kDivergence };
struct CorrectionConfig {
  CorrectionKind kind = CorrectionKind::kNone;
  bool by_sequence = false;  // truncated, masked: the response's product on each of its tokens
  double low = 0.5;
  double high = 2;
  bool normalize = false;  // weights of the step's kept tokens have mean 1
};

// The policy that the KL term compares with.
enum class ReferenceKind {
  kFrozen,         // the initial policy
  kBase,           // the model without an adapter: the same unless the policy starts from one
  kMovingAverage,  // decay * reference + (1 - decay) * policy after each step
  kReset,          // the policy itself, every so many steps
};
struct ReferenceConfig {
  std::optional<ReferenceKind> kind = {};
  double decay = 0.99;
  std::int64_t every = 10;
};

// What values are learned by.
struct CriticConfig {
  std::string model;     // its trunk; empty: the policy's hidden states (etpo: the policy's model)
  LoraConfig lora = {};  // of a trunk of its own
  double target_decay = 0.995;  // etpo: share of the target that an optimiser step leaves
  double huber_delta = 10;      // etpo
};

enum class OnKlBound { kStop, kRollback };

struct AlgorithmConfig {
  std::string kind = "ppo";
  std::int64_t minibatch = 32;  // samples an optimiser step
  std::int64_t epochs = 2;
  double clip = 0.2;
  std::optional<double> clip_high = {};  // empty: the preset's, else as clip
  double dual_clip = 0;                  // 0: none
  double value_clip = 0.2;
  double value_coef = 0.1;
  CriticConfig critic = {};
  bool value_trains_trunk = false;  // the value loss reaches the adapter, not only the value head
  double entropy_coef = 0;          // the policy's entropy a token, as a bonus
  double gamma = 1.0;
  double lambda = 0.95;
  double group_epsilon = 1e-6;  // added to a group's deviation
  KlControllerConfig kl = {};
  double kl_bound = 0;  // nats a response between policy and reference; 0: none
  OnKlBound on_kl_bound = OnKlBound::kStop;
  ReferenceConfig reference = {};
  FineGrainedConfig fine_grained = {};
  PreferenceConfig preference = {};
  double early_stop_kl = 0.1;  // stop the epochs of a step when mean(old - new) exceeds 1.5 times
                               // this; <= 0: never
  double ratio_guard = 10;     // a mini-batch whose mean ratio exceeds this is not stepped on
  OldLogprobs old_logprobs = OldLogprobs::kRecompute;
  OnNonFinite on_nonfinite = OnNonFinite::kStop;  // skip: three mini-batches in a row still stop
  CorrectionConfig correction = {};
  KlLevel kl_level = KlLevel::kToken;  // in the loss
  KlLossGradient kl_gradient = KlLossGradient::kOwn;
  double kl_ratio_cap = 10;       // of kRatioWeighted; 0: none
  bool filter_truncated = false;  // responses that max_new_tokens cut are not learned from

  // Empty: the preset's.
  std::optional<AdvantageKind> advantage = {};
  std::optional<PolicyLossKind> loss = {};
  std::optional<Aggregation> aggregation = {};
  std::optional<KlPlacement> kl_placement = {};
  std::optional<KlEstimator> kl_estimator = {};
  std::optional<WhitenScope> whiten = {};
  std::optional<StepData> data = {};
  std::optional<bool> dynamic_sampling = {};  // replace prompts whose samples all have one reward
  std::int64_t sampling_rounds = 10;          // at most, a step
  Variance whiten_variance = Variance::kUnbiased;
  bool whiten_rewards = false;   // before gae, their mean kept
  double whiten_epsilon = 1e-8;  // added to the variance
};

}  // namespace alarm_dist
