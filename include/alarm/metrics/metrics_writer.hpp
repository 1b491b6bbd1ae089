// SPDX-License-Identifier: Apache-2.0
// The scalars of a run: metrics.jsonl for programs and the report, tensorboard/ for TensorBoard.
// Rank 0 writes.
//
// Each step is one line, flushed as it is written, so that a killed run loses at most the line it
// was writing. Keys are those of docs/architecture.md ("reward/total", "kl/k1", "time/rollout_s",
// "eval/reward/holistic"). Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alarm_dist {

using Scalars = std::vector<std::pair<std::string, double>>;
std::optional<double> find_scalar(const Scalars& values, std::string_view key);

class MetricsWriter {
 public:
  // Creates run_dir/metrics.jsonl and run_dir/tensorboard/. With resume_step the file is continued:
  // lines of later steps and a line that was cut short are dropped, and TensorBoard is told to
  // forget these steps. Without it a file that holds lines is refused (UsageError): it belongs to
  // another run.
  explicit MetricsWriter(const std::filesystem::path& run_dir,
                         std::optional<std::int64_t> resume_step = std::nullopt);
  ~MetricsWriter();
  MetricsWriter(const MetricsWriter&) = delete;
  MetricsWriter& operator=(const MetricsWriter&) = delete;

  // One step, in the order given. A number that is not finite becomes null and is left out of
  // TensorBoard. Throws Error when a key comes twice or the disk refuses the line.
  void write(std::int64_t step, const Scalars& values);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What metrics.jsonl holds, in the order of the file; null is NaN.
struct MetricsLine {
  std::int64_t step = 0;
  Scalars values;
};
// Empty when there is no file. A last line that was cut short is left out; any other bad line
// throws Error with its number.
std::vector<MetricsLine> read_metrics(const std::filesystem::path& run_dir);

}  // namespace alarm_dist
