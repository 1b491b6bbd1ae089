// SPDX-License-Identifier: Apache-2.0
// T5's relative position bias: what a head adds to a score depends on how far the key lies from the
// query, in buckets that are exact nearby and logarithmic further off.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace alarm_dist {

struct BiasBuckets {
  std::int64_t count = 32;
  std::int64_t max_distance = 128;  // everything beyond shares the last bucket
};

// An encoder spends half of the buckets on either side; for a decoder keys after the query count as
// distance 0 (and are masked elsewhere).
enum class Sight { kBothWays, kBackwards };

// Bucket of each distance (position of the key minus position of the query).
at::Tensor distance_buckets(const at::Tensor& distances, const BiasBuckets& buckets, Sight sight);

struct RelativeBias {
  at::Tensor table_CH;  // C buckets
  BiasBuckets buckets;
  Sight sight = Sight::kBothWays;

  // Biases of all heads between positions, [1, H, n, m].
  at::Tensor between(const at::Tensor& queries_n, const at::Tensor& keys_m) const;
};

}  // namespace alarm_dist
