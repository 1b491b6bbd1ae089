// SPDX-License-Identifier: Apache-2.0
// Checkpoints: complete or absent, and enough to go on with the same bits (DESIGN 5).
//
//   step-000050/policy/      whole weights as trained: a Hugging Face directory, loads in
//   transformers
//               adapter/     the adapter alone, in PEFT's layout, where one is trained; both of
//                            evaluate.weights
//               critic/      value head, the adapter of a trunk of its own, an average that follows
//                            it; not there without a critic
//               optimizer/   what is trained (float32), the optimiser's moments, a reference that
//                            moves, an average
//               state.json   step, coefficient, statistics, best evaluation
//               MANIFEST.json  digests of all of it, written last
//
// A rank that learns writes it; a folder is prepared under another name and renamed when its
// manifest is on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alarm/model/causal_lm.hpp"
#include "alarm/reward/statistics.hpp"
#include "alarm/train/learner.hpp"

namespace alarm_dist {

struct TrainState {
  std::int64_t step = 0;  // steps done
  std::int64_t optimizer_steps = 0;
  double kl_coefficient = 0;
  std::int64_t nonfinite_in_a_row = 0;  // mini-batches that on_nonfinite: skip left out
  std::int64_t weights_version = 0;
  std::map<std::string, Statistics> normalization = {};  // by component
  std::optional<double> best_value = {};                 // of checkpoint.keep_best
  std::int64_t best_step = -1;
  std::int64_t sound_step = -1;  // newest periodic checkpoint that was found within kl.bound
};

std::string write_state(const TrainState& state);  // JSON, doubles exact
TrainState read_state(const std::filesystem::path& file);

class Checkpoints {
 public:
  // keep: how many of the newest stay; the best and the newest sound one stay besides. released:
  // what policy/ and adapter/ hold.
  Checkpoints(std::filesystem::path dir, std::int64_t keep,
              EvaluatedWeights released = EvaluatedWeights::kLast);

  // Writes step-<state.step>, then removes what is no longer kept. Not collective: one rank calls
  // it.
  void save(const TrainState& state, const CausalLm& policy, const Learner& learner) const;
  // The newest complete one; incomplete ones (a killed run's) are passed over with a warning.
  std::optional<std::filesystem::path> latest() const;
  std::filesystem::path path_of(std::int64_t step) const;

  // Reads the state and checks the manifest.
  static TrainState load_state(const std::filesystem::path& checkpoint);
  // kLast: the weights to go on with.
  static void load_trained(const std::filesystem::path& checkpoint, const CausalLm& policy,
                           EvaluatedWeights which = EvaluatedWeights::kLast);
  static void load_learner(const std::filesystem::path& checkpoint, const TrainState& state,
                           Learner& learner);

 private:
  void remove_old(const TrainState& state) const;
  std::vector<std::filesystem::path> complete() const;  // by step, ascending

  std::filesystem::path dir_;
  std::int64_t keep_;
  EvaluatedWeights released_;
};

}  // namespace alarm_dist
