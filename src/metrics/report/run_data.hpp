// SPDX-License-Identifier: Apache-2.0
// Everything the report knows: the files of a run directory, read once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alarm/metrics/metrics_writer.hpp"
#include "alarm/metrics/run_files.hpp"

namespace alarm_dist::report {

struct Point {
  double x = 0;
  double y = 0;
};
using Points = std::vector<Point>;

struct RunData {
  std::string folder;                                           // name of the run directory
  std::optional<std::string> config;                            // text of config.yaml
  std::vector<std::pair<std::string, std::string>> provenance;  // dotted keys, leaves as text
  std::vector<MetricsLine> metrics;
  std::vector<SampleRecord> samples;
  std::optional<Evaluation> evaluation;
  std::vector<RewardModelSummary> reward_models;

  // A metric by step, without the steps at which it is missing or null.
  Points series(std::string_view key) const;
  bool has(std::string_view key) const;
  // Keys in the order of their first appearance.
  std::vector<std::string> keys() const;
  // Value of a dotted key ("run.name") of the config, or of the provenance; empty if there is none.
  std::string fact(std::string_view key) const;
};

RunData load_run(const std::filesystem::path& run_dir);

// Scalar at a dotted path of block YAML, two blanks a level, as alarm-dist writes it; empty if
// there is none.
std::string yaml_scalar(std::string_view yaml, std::string_view dotted_key);

}  // namespace alarm_dist::report
