// SPDX-License-Identifier: Apache-2.0
// Tools on JSON lines: records in, the same records with more fields out, in input order, sharded
// over ranks.
#pragma once

#include <functional>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include "alarm/comm/world.hpp"

namespace CLI {
class App;
}

namespace alarm_dist {

struct LineJob {
  std::string data = "-";  // - : standard input
  std::string out = "-";   // - : standard output
  std::int64_t batch = 16;
  std::string on_error = "stop";
};
void add_line_options(CLI::App& command, LineJob& job);

struct Line {
  nlohmann::ordered_json record;
  std::string source;  // "file:line", for messages
  std::int64_t number = 0;
};

// The text of a required field, or an Error that names the line.
std::string text_field(const Line& line, const std::string& key);
std::string text_field_or(const Line& line, const std::string& key, const std::string& fallback);

// Rank 0 reads; ranks claim batches; rank 0 writes when all are done. A bad line stops the job or,
// with on_error skip, is left out and counted. Collective.
void run_line_job(World& world, const LineJob& job,
                  const std::function<void(std::span<Line>)>& body);

}  // namespace alarm_dist
