// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind for its report, apart from metrics.jsonl: samples.jsonl,
// evaluation.json, reward_models.json.
//
// Plain structs with their writers and readers; the report is built from these files alone, so that
// it can be made again at any time. Readers give what is there: a missing file is empty, damage is
// an Error naming file and line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alarm/metrics/bootstrap.hpp"

namespace alarm_dist {

// A response with all that was said about it. Vectors "by token" have one entry for each token of
// `tokens`.
struct SampleRecord {
  std::int64_t step = 0;
  std::int64_t sample_id = 0;
  std::string phase =
      "train";  // train | before | after: the samples of the evaluations before and after training
  std::string record_id =
      {};  // of the data set; "before" and "after" of a prompt share it (and the aspect)
  std::string aspect = {};  // what the prompt asked for, if the task has aspects
  std::string prompt = {};
  std::string response = {};
  std::string reference = {};  // the expert's answer, may be empty
  std::string finish = {};     // end_of_sequence | stop_string | length
  std::vector<std::string> tokens =
      {};  // pieces of the response = {}; an end-of-sequence token is an empty piece
  std::vector<double> rewards = {};  // composed, by token
  std::map<std::string, std::vector<double>> components =
      {};               // what each component added, by token
  double holistic = 0;  // normalised, unweighted
  bool passed = false;  // the gate: aspects counted
  std::vector<std::pair<std::int64_t, std::int64_t>> marks =
      {};  // byte ranges of the response worth showing
};

class SampleWriter {
 public:
  // Appends to run_dir/samples.jsonl. With resume_step: lines of later steps are dropped first, as
  // MetricsWriter does.
  explicit SampleWriter(const std::filesystem::path& run_dir,
                        std::optional<std::int64_t> resume_step = std::nullopt);
  void write(const SampleRecord& record);  // flushed; throws Error when the disk refuses it

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};
std::vector<SampleRecord> read_samples(const std::filesystem::path& run_dir);

enum class RowRole {
  kHolistic,  // the objective: must rise (without rewards: the expert's answers' log-probability)
  kAspect,    // in use in the composed reward: must not fall
  kOther,     // measured beside (an aspect not in use, the length): shown, not judged
};

struct EvaluationRow {
  std::string name;  // "holistic", "relevance", "length"
  RowRole role = RowRole::kOther;
  double before_mean = 0;
  double after_mean = 0;
  double difference = 0;
  Interval interval;  // of the difference, 95% paired bootstrap
  bool significant = false;
};

struct PairedValues {
  std::vector<double> before;
  std::vector<double> after;  // the same prompt at the same place
};

struct Evaluation {
  std::int64_t prompts = 0;
  std::string split = {};  // "test"
  std::vector<EvaluationRow> rows = {};
  std::map<std::string, PairedValues> per_prompt = {};  // by row name

  // Compares, and adds row and values; throws Error when the lengths differ or there are none.
  void add(const std::string& name, RowRole role, PairedValues values, std::uint64_t seed);
  const EvaluationRow* find(const std::string& name) const;  // nullptr if there is none
};

void write_evaluation(const std::filesystem::path& run_dir, const Evaluation& evaluation);
std::optional<Evaluation> read_evaluation(const std::filesystem::path& run_dir);

// How well a reward model judges held-out data.
struct KindAccuracy {
  std::string kind;  // "other aspect", "other paper", ... and "all"
  std::int64_t correct = 0;
  std::int64_t count = 0;
};

struct RewardModelSummary {
  std::string name;  // component
  std::string kind;  // "pairwise", "sentence labels", "link grammar"
  std::vector<KindAccuracy> accuracy = {};
  std::optional<double> auc = {};
  double seconds = 0;  // training time
};

void write_reward_models(const std::filesystem::path& run_dir,
                         std::span<const RewardModelSummary> models);
std::vector<RewardModelSummary> read_reward_models(const std::filesystem::path& run_dir);

}  // namespace alarm_dist
