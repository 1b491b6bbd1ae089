// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"
#include "alarm/metrics/run_files.hpp"

#include "metrics/json_lines.hpp"

namespace alarm_dist {
namespace {

using metrics::Json;

constexpr const char* kFileName = "samples.jsonl";

// A byte-level tokenizer may cut a character in two, and JSON cannot hold half of one: its bytes
// move to the token that completes it. The pieces still add up to the response.
std::vector<std::string> whole_characters(const std::vector<std::string>& tokens) {
  std::vector<std::string> pieces;
  std::string carried;
  for (const auto& token : tokens) {
    std::string piece = carried + token;
    carried.clear();
    const auto bad = find_invalid_utf8(piece);
    if (bad && piece.size() - *bad < 4 && &token != &tokens.back()) {
      carried = piece.substr(*bad);
      piece.resize(*bad);
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

void check_by_token(const SampleRecord& record, const std::string& what, std::size_t count) {
  ALARM_CHECK(count == record.tokens.size(), "sample {} of step {}: {} {} for {} tokens",
              record.sample_id, record.step, count, what, record.tokens.size());
}

Json to_json(const SampleRecord& record) {
  check_by_token(record, "rewards", record.rewards.size());
  for (const auto& [name, values] : record.components) check_by_token(record, name, values.size());
  return Json{{"step", record.step},
              {"sample_id", record.sample_id},
              {"phase", record.phase},
              {"record_id", record.record_id},
              {"aspect", record.aspect},
              {"prompt", record.prompt},
              {"response", record.response},
              {"reference", record.reference},
              {"finish_reason", record.finish},
              {"tokens", whole_characters(record.tokens)},
              {"rewards", record.rewards},
              {"components", record.components},
              {"holistic", record.holistic},
              {"passed", record.passed},
              {"marks", record.marks}};
}

SampleRecord from_json(const Json& json) {
  SampleRecord record;
  json.at("step").get_to(record.step);
  json.at("sample_id").get_to(record.sample_id);
  json.at("phase").get_to(record.phase);
  json.at("record_id").get_to(record.record_id);
  json.at("aspect").get_to(record.aspect);
  json.at("prompt").get_to(record.prompt);
  json.at("response").get_to(record.response);
  json.at("reference").get_to(record.reference);
  json.at("finish_reason").get_to(record.finish);
  json.at("tokens").get_to(record.tokens);
  json.at("rewards").get_to(record.rewards);
  json.at("components").get_to(record.components);
  json.at("holistic").get_to(record.holistic);
  json.at("passed").get_to(record.passed);
  json.at("marks").get_to(record.marks);
  check_by_token(record, "rewards", record.rewards.size());
  for (const auto& [name, values] : record.components) check_by_token(record, name, values.size());
  return record;
}

}  // namespace

SampleWriter::SampleWriter(const std::filesystem::path& run_dir,
                           std::optional<std::int64_t> resume_step)
    : path_(run_dir / kFileName) {
  std::filesystem::create_directories(run_dir);
  if (resume_step) metrics::drop_later_steps(path_, *resume_step);
  file_ = metrics::open_for_append(path_);
}

void SampleWriter::write(const SampleRecord& record) {
  metrics::append_line(file_, path_, metrics::dump(to_json(record)));
}

std::vector<SampleRecord> read_samples(const std::filesystem::path& run_dir) {
  std::vector<SampleRecord> records;
  metrics::for_each_line(run_dir / kFileName,
                         [&](const Json& json) { records.push_back(from_json(json)); });
  return records;
}

}  // namespace alarm_dist
