// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers: every draw of a run is a pure function of (seed, purpose, step,
// sample, token).
//
// There are no generators with state: a draw does not depend on the world size, on who makes it, or
// on what was drawn before (DESIGN, law 4). The function is Philox4x32-10 (Salmon et al., SC 2011),
// checked against the paper's vectors.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace alarm_dist {

// Philox4x32-10: four 32-bit words out of a 128-bit counter and a 64-bit key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

// What a draw is for. The numbers are part of the reproducibility contract: append, never renumber.
enum class Purpose : std::uint32_t {
  kPromptOrder = 1,
  kSampling = 2,
  kAdapterInit = 3,
  kHeadInit = 4,
  kPairs = 5,
  kBatchOrder = 6,
  kBootstrap = 7,
  kDropout = 8,
  kTest = 1000,
};

struct DrawKey {
  std::uint64_t seed = 0;
  Purpose purpose = Purpose::kTest;
  std::uint32_t step = 0;
  std::uint32_t sample = 0;
  std::uint32_t token = 0;
};

std::uint64_t draw_u64(const DrawKey& key);
double draw_uniform(const DrawKey& key);  // in [0, 1), 53 bits
double draw_normal(const DrawKey& key);   // standard normal (Box-Muller)
std::uint64_t draw_below(const DrawKey& key,
                         std::uint64_t n);  // in [0, n), n > 0, unbiased to 2^-64

// A permutation of 0..n-1 (Fisher-Yates); key.token is overwritten.
std::vector<std::int64_t> draw_permutation(DrawKey key, std::int64_t n);

}  // namespace alarm_dist
