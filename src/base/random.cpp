// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/random.hpp"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace alarm_dist {
namespace {

constexpr std::uint32_t kMul0 = 0xD2511F53;
constexpr std::uint32_t kMul1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;

std::array<std::uint32_t, 4> draw_block(const DrawKey& key) {
  return philox4x32(
      {static_cast<std::uint32_t>(key.purpose), key.step, key.sample, key.token},
      {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
}

std::uint64_t join(std::uint32_t high, std::uint32_t low) {
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = static_cast<std::uint64_t>(kMul0) * counter[0];
    const std::uint64_t product1 = static_cast<std::uint64_t>(kMul1) * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

std::uint64_t draw_u64(const DrawKey& key) {
  const auto block = draw_block(key);
  return join(block[0], block[1]);
}

double draw_uniform(const DrawKey& key) { return to_unit(draw_u64(key)); }

double draw_normal(const DrawKey& key) {
  const auto block = draw_block(key);
  const double u1 = 1.0 - to_unit(join(block[0], block[1]));  // in (0, 1]: its logarithm is finite
  const double u2 = to_unit(join(block[2], block[3]));
  return std::sqrt(-2.0 * std::log(u1)) * std::cos(2.0 * std::numbers::pi * u2);
}

std::uint64_t draw_below(const DrawKey& key, std::uint64_t n) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(draw_u64(key)) * n) >> 64);
}

std::vector<std::int64_t> draw_permutation(DrawKey key, std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = n - 1; i > 0; --i) {
    key.token = static_cast<std::uint32_t>(i);
    const auto j = draw_below(key, static_cast<std::uint64_t>(i) + 1);
    std::swap(order[static_cast<std::size_t>(i)], order[j]);
  }
  return order;
}

}  // namespace alarm_dist
