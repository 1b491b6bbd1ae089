// SPDX-License-Identifier: Apache-2.0
#include "app/line_job.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/json_depth.hpp"
#include "alarm/base/log.hpp"
#include "alarm/base/text.hpp"
#include "alarm/store/atomic_file.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;

std::string read_input(const std::string& data) {
  if (data == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(data, std::ios::binary);
  if (!file) throw UsageError(fmt::format("{}: cannot be opened", data));
  return {std::istreambuf_iterator<char>(file), {}};
}

Line parse_line(std::string_view text, const std::string& source, std::int64_t number) {
  if (const auto bad = find_invalid_utf8(text)) {
    throw UsageError(fmt::format("{}: byte {} is not UTF-8", source, *bad + 1));
  }
  if (is_too_deep(text)) {
    throw UsageError(
        fmt::format("{}: more than {} containers within each other", source, kDeepestJson));
  }
  const Json record = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (record.is_discarded()) throw UsageError(fmt::format("{}: not JSON", source));
  if (!record.is_object())
    throw UsageError(fmt::format("{}: expected an object, found {}", source, record.type_name()));
  return {.record = record, .source = source, .number = number};
}

// A bad line has nothing but its number and the reason.
std::vector<Line> parse_lines(const std::string& text, const LineJob& job) {
  std::vector<Line> lines;
  std::int64_t number = 0;
  const std::string name = job.data == "-" ? "standard input" : job.data;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto row = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    number += 1;
    try {
      lines.push_back(parse_line(row, fmt::format("{}:{}", name, number), number - 1));
    } catch (const UsageError& error) {
      if (job.on_error == "stop") throw;
      lines.push_back({.record = {}, .source = {}, .number = number - 1, .rejected = error.what()});
    }
  }
  return lines;
}

// What became of the lines, by number.
struct Outcome {
  std::map<std::int64_t, std::string> done;      // as they are written
  std::map<std::int64_t, std::string> rejected;  // why
};

void put_line(ByteWriter& writer, const Line& line) {
  writer.put(line.number);
  writer.put_string(line.rejected);
  writer.put_string(line.rejected.empty() ? line.record.dump() : "");
}

Outcome gather_outcome(World& world, const Bytes& mine) {
  Outcome all;
  for (const auto& part : gather_bytes(world.communicator(), mine)) {
    ByteReader reader(part);
    while (!reader.at_end()) {
      const auto number = reader.get<std::int64_t>();
      auto rejected = reader.get_string();
      auto line = reader.get_string();
      if (rejected.empty()) {
        all.done[number] = std::move(line);
      } else {
        all.rejected[number] = std::move(rejected);
      }
    }
  }
  return all;
}

void report_rejected(const Outcome& outcome) {
  for (const auto& [number, why] : outcome.rejected) log::warn("skipped: {}", why);
  if (!outcome.rejected.empty())
    log::info("{} bad lines were skipped, {} are done", outcome.rejected.size(),
              outcome.done.size());
}

void write_output(const LineJob& job, const Outcome& outcome) {
  if (job.out.empty()) return;
  std::string text;
  for (const auto& [number, line] : outcome.done) text += line + "\n";
  if (job.out == "-") {
    put_on_standard_output(text);
  } else {
    write_file_atomically(job.out, text);
  }
}

}  // namespace

void add_line_options(CLI::App& command, LineJob& job) {
  command.add_option("--data", job.data, "JSON lines; - is standard input")->capture_default_str();
  command
      .add_option("--out", job.out, "Where the lines go, with fields added; - is standard output")
      ->capture_default_str();
  command.add_option("--batch", job.batch, "Records worked on together")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--on-error", job.on_error,
                  "A line that is not a JSON object, or lacks a field: stop, or skip it")
      ->check(CLI::IsMember({"stop", "skip"}));
}

void put_on_standard_output(std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  ALARM_CHECK(written, "standard output takes no more: {}", std::strerror(errno));
}

std::string text_field(const Line& line, const std::string& key) {
  const auto found = line.record.find(key);
  if (found == line.record.end())
    throw UsageError(fmt::format("{}: the field '{}' is missing", line.source, key));
  if (!found->is_string()) {
    throw UsageError(
        fmt::format("{}: '{}' must be a text, found {}", line.source, key, found->type_name()));
  }
  return found->get<std::string>();
}

std::string text_field_or(const Line& line, const std::string& key, const std::string& fallback) {
  return line.record.contains(key) ? text_field(line, key) : fallback;
}

void run_line_job(World& world, const LineJob& job, const std::function<void(LineBatch&)>& body) {
  ByteWriter input;
  if (world.rank() == 0) input.put_string(read_input(job.data));
  const auto bytes = broadcast_bytes(world.communicator(), input.take(), 0);
  auto lines = parse_lines(ByteReader(bytes).get_string(), job);

  ByteWriter mine;
  // Every rank parsed every line; rank 0 speaks for those that are none.
  const auto bad = std::stable_partition(lines.begin(), lines.end(),
                                         [](const Line& line) { return line.rejected.empty(); });
  if (world.rank() == 0) std::for_each(bad, lines.end(), [&](const Line& l) { put_line(mine, l); });
  lines.erase(bad, lines.end());
  const auto on_bad = job.on_error == "stop" ? OnBadLine::kStop : OnBadLine::kSkip;
  const auto count = static_cast<std::int64_t>(lines.size());
  for (auto begin = job.batch * world.control().claim("lines"); begin < count;
       begin = job.batch * world.control().claim("lines")) {
    const std::span claimed(lines.begin() + begin,
                            lines.begin() + std::min(begin + job.batch, count));
    LineBatch batch(claimed, on_bad);
    body(batch);
    for (const auto& line : claimed) put_line(mine, line);
  }
  const Outcome outcome = gather_outcome(world, mine.bytes());
  if (world.rank() != 0) return;
  report_rejected(outcome);
  write_output(job, outcome);
}

}  // namespace alarm_dist
