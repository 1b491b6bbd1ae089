// SPDX-License-Identifier: Apache-2.0
// What the metrics of metrics.jsonl mean, for somebody who sees them for the first time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "metrics/report/charts.hpp"

namespace alarm_dist::report {

struct MetricText {
  std::string title;
  std::string explanation;
  std::string y_label;
  std::optional<Range> y = {};
};

// Text for a key; one that is not in the catalogue is its own title.
MetricText describe_metric(std::string_view key);

// The curve of one metric over the steps, with its "eval/" counterpart as markers when the run has
// one.
Figure metric_figure(const RunData& run, const std::string& key);

}  // namespace alarm_dist::report
