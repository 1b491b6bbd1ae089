// SPDX-License-Identifier: Apache-2.0
#include "train/peak_flops.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <sched.h>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/clock.hpp"

namespace alarm_dist {
namespace {

constexpr double kSeconds = 0.06;
constexpr int kProductsOfARound = 3;

// Operations a second of this rank in its best round: the others may have waited for a processor.
// One element is read at the end of a round, which waits for a device's queue.
double measure_here(c10::Device device, c10::ScalarType dtype) {
  const std::int64_t n = device.is_cpu() ? 1024 : 8192;
  const at::Tensor a = at::full({n, n}, 0.5, at::TensorOptions(dtype).device(device));
  at::Tensor product = at::mm(a, a);  // warms up
  const auto wait = [&] { product.select(0, 0).select(0, 0).item<double>(); };
  wait();
  Stopwatch clock;
  double best_s = std::numeric_limits<double>::infinity();
  do {
    clock.lap();
    for (int i = 0; i < kProductsOfARound; ++i) at::mm_out(product, a, a);
    wait();
    best_s = std::min(best_s, clock.lap());
  } while (clock.seconds() < kSeconds);
  return kProductsOfARound * 2 * static_cast<double>(n * n * n) / best_s;
}

// What a thread has of a processor when every rank of the node computes.
double share_of_processor(const World& world) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const double threads = static_cast<double>(world.local_size()) * at::get_num_threads();
  return std::min(1.0, CPU_COUNT(&set) / threads);
}

}  // namespace

double measure_peak_flops(World& world, c10::Device device, c10::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  world.communicator().barrier();
  const double share = device.is_cpu() ? share_of_processor(world) : 1;
  at::Tensor rate = at::tensor({share * measure_here(device, dtype)}, at::kDouble);
  world.communicator().all_reduce(rate, ReduceOp::kSum);
  return rate.item<double>();
}

}  // namespace alarm_dist
