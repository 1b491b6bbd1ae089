// SPDX-License-Identifier: Apache-2.0
// A sampled response and all that is known about it, from generation to the update.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "alarm/base/bytes.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/reward/trace.hpp"

namespace alarm_dist {

struct Rollout {
  std::int64_t step = 0;
  std::uint32_t sample_id = 0;    // within the step: prompt * samples_per_prompt + j
  std::int64_t prompt_group = 0;  // which prompt of the step
  std::int64_t record = 0;        // index in the data set
  std::vector<std::int64_t> prompt;
  std::vector<std::int64_t> response;
  std::vector<float> sampled_logprobs;  // of the distribution actually sampled
  std::vector<float> policy_logprobs;   // of the policy, softmax(logits / temperature)
  FinishReason finish = FinishReason::kLength;
  bool greedy = false;  // the likeliest token each time, not a draw
  std::int64_t weights_version = 0;
  std::string text;
  std::vector<Span> token_offsets;
  RewardTrace trace;  // empty until a reward actor filled it

  std::int64_t tokens() const { return static_cast<std::int64_t>(response.size()); }
  bool ended() const { return finish == FinishReason::kEndOfSequence; }
  // The component that failed to score this response, empty if none did.
  std::string failed_component() const;
};

Bytes pack_rollouts(std::span<const Rollout> rollouts);
std::vector<Rollout> unpack_rollouts(std::span<const std::byte> bytes);

}  // namespace alarm_dist
