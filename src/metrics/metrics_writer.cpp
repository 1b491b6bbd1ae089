// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/metrics_writer.hpp"

#include <algorithm>
#include <limits>

#include "alarm/base/error.hpp"
#include "alarm/metrics/event_file.hpp"

#include "metrics/json_lines.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kFileName = "metrics.jsonl";

std::filesystem::path prepare(const std::filesystem::path& run_dir,
                              std::optional<std::int64_t> resume_step) {
  std::filesystem::create_directories(run_dir);
  auto path = run_dir / kFileName;
  if (resume_step) {
    metrics::drop_later_steps(path, *resume_step);
  } else if (std::filesystem::exists(path) && std::filesystem::file_size(path) > 0) {
    throw UsageError(fmt::format("{} belongs to an earlier run: resume it or choose another folder",
                                 path.string()));
  }
  return path;
}

double number_or_nan(const metrics::Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

}  // namespace

std::optional<double> find_scalar(const Scalars& values, std::string_view key) {
  const auto found = std::ranges::find(values, key, &Scalars::value_type::first);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

struct MetricsWriter::Impl {
  std::filesystem::path path;
  std::ofstream lines;
  EventFile events;
};

MetricsWriter::MetricsWriter(const std::filesystem::path& run_dir,
                             std::optional<std::int64_t> resume_step) {
  auto path = prepare(run_dir, resume_step);
  auto lines = metrics::open_for_append(path);
  impl_ = std::make_unique<Impl>(
      Impl{std::move(path), std::move(lines), EventFile(run_dir / "tensorboard")});
  if (resume_step) impl_->events.write_restart(*resume_step + 1);
}

MetricsWriter::~MetricsWriter() = default;

void MetricsWriter::write(std::int64_t step, const Scalars& values) {
  metrics::Json line{{"step", step}};
  for (const auto& [key, value] : values) {
    ALARM_CHECK(!line.contains(key), "metric '{}' comes twice in step {}", key, step);
    line[key] = value;
  }
  metrics::append_line(impl_->lines, impl_->path, metrics::dump(line));
  impl_->events.write(step, values);
}

std::vector<MetricsLine> read_metrics(const std::filesystem::path& run_dir) {
  std::vector<MetricsLine> lines;
  metrics::for_each_line(run_dir / kFileName, [&](const metrics::Json& json) {
    MetricsLine line;
    for (const auto& [key, value] : json.items()) {
      if (key == "step") {
        line.step = value.get<std::int64_t>();
      } else {
        line.values.emplace_back(key, number_or_nan(value));
      }
    }
    lines.push_back(std::move(line));
  });
  return lines;
}

}  // namespace alarm_dist
