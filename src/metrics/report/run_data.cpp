// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/run_data.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

#include "metrics/json_lines.hpp"

namespace alarm_dist::report {
namespace {

using metrics::Json;

void flatten(const std::string& key, const Json& value,
             std::vector<std::pair<std::string, std::string>>& out) {
  const auto below = [&](const std::string& part) { return key.empty() ? part : key + "." + part; };
  if (value.is_object()) {
    for (const auto& [name, child] : value.items()) flatten(below(name), child, out);
  } else if (value.is_array() && std::any_of(value.begin(), value.end(),
                                             [](const Json& v) { return v.is_structured(); })) {
    for (std::size_t i = 0; i < value.size(); ++i) flatten(below(std::to_string(i)), value[i], out);
  } else if (value.is_array()) {
    std::string joined;
    for (const auto& item : value) {
      joined += (joined.empty() ? "" : ", ") +
                (item.is_string() ? item.get<std::string>() : metrics::dump(item));
    }
    out.emplace_back(key, joined);
  } else {
    out.emplace_back(key, value.is_string() ? value.get<std::string>() : metrics::dump(value));
  }
}

std::string unquote(std::string_view text) {
  text = trim(text);
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.back() == text.front();
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

}  // namespace

Points RunData::series(std::string_view key) const {
  Points points;
  for (const auto& line : metrics) {
    for (const auto& [name, value] : line.values) {
      if (name == key && std::isfinite(value))
        points.push_back({static_cast<double>(line.step), value});
    }
  }
  return points;
}

bool RunData::has(std::string_view key) const { return !series(key).empty(); }

std::vector<std::string> RunData::keys() const {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const auto& line : metrics) {
    for (const auto& [name, value] : line.values) {
      if (seen.insert(name).second) names.push_back(name);
    }
  }
  return names;
}

std::string RunData::fact(std::string_view key) const {
  if (config) {
    auto value = yaml_scalar(*config, key);
    if (!value.empty()) return value;
  }
  const auto found = std::find_if(provenance.begin(), provenance.end(),
                                  [&](const auto& p) { return p.first == key; });
  return found == provenance.end() ? "" : found->second;
}

std::string yaml_scalar(std::string_view yaml, std::string_view dotted_key) {
  std::vector<std::string> path;
  for (std::size_t begin = 0; begin < yaml.size();) {
    const std::size_t end = std::min(yaml.find('\n', begin), yaml.size());
    const std::string_view line = yaml.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':');
    if (indent == std::string_view::npos || line[indent] == '#' || colon == std::string_view::npos)
      continue;
    path.resize(std::min(path.size(), indent / 2));
    std::string key = path.empty() ? "" : path.back() + ".";
    key += unquote(line.substr(indent, colon - indent));
    if (key == dotted_key) return unquote(line.substr(colon + 1));
    path.push_back(std::move(key));
  }
  return "";
}

RunData load_run(const std::filesystem::path& run_dir) {
  ALARM_CHECK(std::filesystem::is_directory(run_dir), "{}: expected the folder of a run",
              run_dir.string());
  RunData run;
  run.folder = std::filesystem::absolute(run_dir / "").parent_path().filename().string();
  run.config = metrics::read_if_there(run_dir / "config.yaml");
  if (const auto provenance = metrics::read_json_if_there(run_dir / "provenance.json")) {
    flatten("", *provenance, run.provenance);
  }
  run.metrics = read_metrics(run_dir);
  run.samples = read_samples(run_dir);
  run.evaluation = read_evaluation(run_dir);
  run.reward_models = read_reward_models(run_dir);
  return run;
}

}  // namespace alarm_dist::report
