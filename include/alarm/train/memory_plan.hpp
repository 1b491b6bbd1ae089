// SPDX-License-Identifier: Apache-2.0
// What a training run takes in memory, predicted from shapes before anything is loaded (law 10).
//
// plan_memory is a pure function of the config and of facts about the models; what it counts stands
// at its fields. Not counted: free blocks of the heap between those in use, rollouts, data sets.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "alarm/model/causal_lm.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

// Shapes of products in bfloat16 for which a process keeps what was prepared (src/app/heap.cpp).
inline constexpr std::int64_t kPreparedProducts = 256;

// A reward model's trunk.
struct EncoderFacts {
  std::int64_t layers = 0, hidden = 0, feed_forward = 0;
  std::int64_t weight_bytes = 0;  // of its file
  bool mapped = false;  // a decoder, used as the file is; an encoder's, in float32, is cast
  const RewardModelRecipe* to_train = nullptr;  // it is not there yet and is trained first
};

// The model of a critic of its own.
struct CriticFacts {
  CausalLmShape shape = {};
  std::int64_t weight_bytes = 0;        // of its file; 0 where it is the policy's
  std::int64_t trained_parameters = 0;  // trained, in float32
};

// What a prediction rests on.
struct MemoryFacts {
  CausalLmShape policy = {};
  std::int64_t weight_bytes = 0;        // of the policy's file in the type it is used in
  std::int64_t element_bytes = 4;       // of that type: weights and activations
  std::int64_t trained_parameters = 0;  // trained, in float32
  std::int64_t longest_prompt = 0;      // tokens
  std::vector<EncoderFacts> encoders = {};
  std::optional<CriticFacts> critic = {};
};

// Bytes of one rank beside what a node shares. The phases follow each other, so the largest counts.
struct RankMemory {
  double program = 0;   // LibTorch, MPI, the program's own and its tokenizer, as measured
  double prepared = 0;  // products in bfloat16 on a processor, for the shapes that came last
  // What is trained, with its gradients, moments, moving reference, average, and once in the
  // activations' type.
  double trained = 0;
  double critic = 0;      // the same of a critic's model of its own
  double encoders = 0;    // reward models in the type of the activations, where that is not float32
  double generation = 0;  // keys and values of a group, and computing its prompts
  double scoring = 0;     // a reward model's activations
  double update = 0;  // saved activations of the largest micro-batch, one layer's gradients, and
                      // the logits of a piece; of the policy or the critic, which take turns
  std::int64_t update_rows = 0;  // rows of that micro-batch
  double reward_model_training =
      0;                // before the run, where one is missing: weights and activations
  double step() const;  // the largest phase of a step
  double total() const;
};

struct MemoryPlan {
  double shared = 0;              // a node's ranks map it once: weights, libraries
  std::vector<RankMemory> ranks;  // by rank
  double node() const;            // all ranks on one node
};

// Roles by the config's placement, on `world_size` ranks.
MemoryPlan plan_memory(const TrainConfig& config, const MemoryFacts& facts, int world_size);

// Reads shapes and data of a config; weights are mapped, not read (a .gguf file is converted into
// the cache first). Throws as a run would for what is missing or damaged.
MemoryFacts measure_memory_facts(const TrainConfig& config);

}  // namespace alarm_dist
