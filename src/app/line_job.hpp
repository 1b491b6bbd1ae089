// SPDX-License-Identifier: Apache-2.0
// Tools on JSON lines: records in, the same records with more fields out, in input order, sharded
// over ranks.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/comm/world.hpp"

namespace CLI {
class App;
}

namespace alarm_dist {

struct LineJob {
  std::string data = "-";  // - : standard input
  std::string out = "-";   // - : standard output; empty: nowhere
  std::int64_t batch = 16;
  std::string on_error = "stop";
};
void add_line_options(CLI::App& command, LineJob& job);

struct Line {
  nlohmann::ordered_json record;
  std::string source;       // "file:line", for messages
  std::int64_t number = 0;  // in the input, from 0, bad lines counted
  std::string rejected{};   // why the line is left out; empty: it is not
};

// At once, whole; throws Error where standard output takes no more.
void put_on_standard_output(std::string_view text);

// The text of a required field, or a UsageError that names the line.
std::string text_field(const Line& line, const std::string& key);
std::string text_field_or(const Line& line, const std::string& key, const std::string& fallback);

enum class OnBadLine { kStop, kSkip };

// Lines that are worked on together.
class LineBatch {
 public:
  LineBatch(std::span<Line> lines, OnBadLine on_bad) : lines_(lines), on_bad_(on_bad) {}

  template <typename Item>
  struct Read {
    std::vector<Line*> lines;  // those that were good
    std::vector<Item> items;   // what was read of each
  };
  // Takes of each line what the work needs: `read` throws UsageError for a bad one, which stops the
  // job or is left out.
  template <typename Item>
  Read<Item> read(const std::function<Item(const Line&)>& read_line) {
    Read<Item> good;
    for (Line& line : lines_) {
      try {
        good.items.push_back(read_line(line));
        good.lines.push_back(&line);
      } catch (const UsageError& error) {
        reject(line, error.what());
      }
    }
    return good;
  }
  void reject(Line& line, const std::string& why) {
    if (on_bad_ == OnBadLine::kStop) throw UsageError(why);
    line.rejected = why;
  }

 private:
  std::span<Line> lines_;
  OnBadLine on_bad_;
};

// Rank 0 reads; ranks claim batches; rank 0 writes when all are done. A bad line stops the job or,
// with on_error skip, is left out, named and counted. Collective.
void run_line_job(World& world, const LineJob& job, const std::function<void(LineBatch&)>& body);

}  // namespace alarm_dist
