// SPDX-License-Identifier: Apache-2.0
#include "train/peak_flops.hpp"

#include <cstdint>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/clock.hpp"

namespace alarm_dist {
namespace {

constexpr double kSeconds = 0.03;
constexpr int kProductsAtOnce = 3;  // between two looks at the clock

// Operations a second of this rank. One element is read at the end of a round, which waits for a
// device's queue.
double measure_here(c10::Device device, c10::ScalarType dtype) {
  const std::int64_t n = device.is_cpu() ? 1024 : 8192;
  const at::Tensor a = at::full({n, n}, 0.5, at::TensorOptions(dtype).device(device));
  at::Tensor product = at::mm(a, a);  // warms up
  const auto wait = [&] { product.select(0, 0).select(0, 0).item<double>(); };
  wait();
  const Stopwatch clock;
  double products = 0;
  do {
    for (int i = 0; i < kProductsAtOnce; ++i) at::mm_out(product, a, a);
    wait();
    products += kProductsAtOnce;
  } while (clock.seconds() < kSeconds);
  return products * 2 * static_cast<double>(n * n * n) / clock.seconds();
}

}  // namespace

double measure_peak_flops(World& world, c10::Device device, c10::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  world.communicator().barrier();
  at::Tensor rate = at::tensor({measure_here(device, dtype)}, at::kDouble);
  world.communicator().all_reduce(rate, ReduceOp::kSum);
  return rate.item<double>();
}

}  // namespace alarm_dist
