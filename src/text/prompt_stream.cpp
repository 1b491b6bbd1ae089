// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/prompt_stream.hpp"

#include <bit>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

namespace alarm_dist {
namespace {

constexpr std::uint32_t kRounds = 8;

// A keyed permutation of 0..2^(2*half_bits)-1: a Feistel network over two halves, so that one image
// costs a few draws and no table of the whole permutation is kept.
std::uint64_t feistel(std::uint64_t value, std::uint32_t half_bits, DrawKey key) {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  std::uint64_t left = value >> half_bits;
  std::uint64_t right = value & mask;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    key.sample = round;
    key.token = static_cast<std::uint32_t>(right);
    const std::uint64_t mixed = left ^ (draw_u64(key) & mask);
    left = right;
    right = mixed;
  }
  return left << half_bits | right;
}

// Image of `position` under the permutation of 0..size-1 of this epoch. Walks the cycle of the
// larger permutation until it is back in range (less than four steps on average).
std::int64_t shuffled(std::int64_t position, std::int64_t size, const DrawKey& key) {
  const auto bits = std::bit_width(static_cast<std::uint64_t>(size - 1));
  const auto half_bits = static_cast<std::uint32_t>(bits + 1) / 2;
  auto image = static_cast<std::uint64_t>(position);
  do {
    image = feistel(image, half_bits, key);
  } while (image >= static_cast<std::uint64_t>(size));
  return static_cast<std::int64_t>(image);
}

}  // namespace

PromptStream::PromptStream(std::uint64_t seed, std::int64_t records, std::int64_t prompts_per_step)
    : seed_(seed), records_(records), prompts_per_step_(prompts_per_step) {
  ALARM_CHECK(records > 0, "a prompt stream needs records, there are {}", records);
  ALARM_CHECK(prompts_per_step > 0, "a step needs prompts, prompts_per_step is {}",
              prompts_per_step);
}

std::int64_t PromptStream::record(std::int64_t step, std::int64_t prompt) const {
  ALARM_CHECK(step >= 0 && prompt >= 0 && prompt < prompts_per_step_,
              "prompt {} of step {}, of {} prompts a step", prompt, step, prompts_per_step_);
  const std::int64_t index = step * prompts_per_step_ + prompt;
  const auto epoch = static_cast<std::uint32_t>(index / records_);
  return shuffled(index % records_, records_, {seed_, Purpose::kPromptOrder, epoch, 0, 0});
}

double PromptStream::epoch(std::int64_t step) const {
  return static_cast<double>(step) * static_cast<double>(prompts_per_step_) /
         static_cast<double>(records_);
}

}  // namespace alarm_dist
