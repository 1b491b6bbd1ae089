// SPDX-License-Identifier: Apache-2.0
// doctor: is this machine ready? Each line is a check that ran; the exit code says whether all
// held.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include <ATen/ATen.h>
#include <CLI/CLI.hpp>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/model/device.hpp"
#include "alarm/reward/source.hpp"

#include "app/commands.hpp"
#include "app/provenance.hpp"

namespace alarm_dist {
namespace {

class Checks {
 public:
  void run(const std::string& name, const std::function<std::string()>& check) {
    std::string verdict = "ok";
    std::string detail;
    try {
      detail = check();
    } catch (const std::exception& error) {
      verdict = "FAILED";
      detail = error.what();
      failed_ += 1;
    }
    std::printf("%-8s %-24s %s\n", verdict.c_str(), name.c_str(), detail.c_str());
  }
  int failed() const { return failed_; }

 private:
  int failed_ = 0;
};

// A product in the device's preferred type against the same in float64.
std::string check_matmul(c10::Device device) {
  const auto dtype = native_dtype(device);
  const at::Tensor a = at::sin(at::arange(512 * 512, at::kDouble)).view({512, 512});
  const at::Tensor exact = at::matmul(a, a.t());
  const at::Tensor b = a.to(device, dtype);
  at::matmul(b, b.t());
  const Stopwatch clock;
  const at::Tensor product = at::matmul(b, b.t()).to(at::kCPU, at::kDouble);
  const double error = ((product - exact).norm() / exact.norm()).item<double>();
  ALARM_CHECK(error < 1e-2, "relative error {:.1e} against float64", error);
  return fmt::format("{} on {}: relative error {:.1e}, {:.0f} GFLOP/s at 512", c10::toString(dtype),
                     device.str(), error, 2.0 * 512 * 512 * 512 / clock.seconds() / 1e9);
}

std::string check_collective(World& world, c10::Device device) {
  auto communicator = world.make_communicator(device);
  at::Tensor numbers =
      at::full({1000}, world.rank() + 1.0, at::TensorOptions().dtype(at::kDouble).device(device));
  communicator->all_reduce(numbers, ReduceOp::kSum);
  const double expected = world.size() * (world.size() + 1) / 2.0;
  ALARM_CHECK(at::equal(numbers.cpu(), at::full({1000}, expected, at::kDouble)),
              "all_reduce gave {} instead of {}", numbers[0].item<double>(), expected);
  return fmt::format("all_reduce over {} ranks on {}", world.size(), device.str());
}

std::string check_grammar() {
  const Record record;
  const std::string text = "The cat sat on the mat.";
  const ScoredResponse response{.record = &record,
                                .text = text,
                                .token_offsets = {{0, static_cast<std::int64_t>(text.size())}}};
  const auto trace = make_link_grammar_source("grammar")->score({&response, 1}).at(0);
  ALARM_CHECK(trace.failure.empty() && !trace.emissions.empty(), "{}", trace.failure);
  return fmt::format("'{}' scores {:.2f}", text, trace.emissions.front().value);
}

void doctor(Session& session, const std::string& device_name) {
  World& world = session.world();
  Checks checks;
  const c10::Device device = local_device(device_name, world.local_rank());
  if (world.rank() == 0) std::printf("%s\n", version_text().c_str());
  checks.run("matrix product", [&] { return check_matmul(device); });
  checks.run("collective", [&] { return check_collective(world, device); });
  checks.run("claim", [&] { return fmt::format("number {}", world.control().claim("doctor")); });
  checks.run("link-grammar", check_grammar);
  std::fflush(stdout);
  ALARM_CHECK(checks.failed() == 0, "{} checks failed", checks.failed());
}

}  // namespace

void add_doctor(CLI::App& app, Command& chosen) {
  auto gpu = std::make_shared<bool>(false);
  auto* command = app.add_subcommand(
      "doctor", "Check what the program needs on this machine (under mpirun: on every rank)");
  command->add_flag("--gpu", *gpu, "On the GPU: products in its type, NCCL between the ranks");
  command->callback(
      [=, &chosen] { chosen = [=](Session& session) { doctor(session, *gpu ? "cuda" : "cpu"); }; });
}

}  // namespace alarm_dist
