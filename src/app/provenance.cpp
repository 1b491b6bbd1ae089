// SPDX-License-Identifier: Apache-2.0
#include "app/provenance.hpp"

#include <chrono>
#include <ctime>

#include <nlohmann/json.hpp>

#include "alarm/base/digest.hpp"
#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/train/rewards.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

std::string now_utc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

// A file's digest, or those of a model folder's weights and description.
nlohmann::ordered_json digests_of(const fs::path& path) {
  auto digests =
      nlohmann::ordered_json::object();  // empty for what is missing: who needs it says so
  if (fs::is_regular_file(path)) {
    digests[path.string()] = digest_file(path);
  } else if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) digests[entry.path().string()] = digest_file(entry.path());
    }
  }
  return digests;
}

}  // namespace

void write_provenance(const fs::path& run_dir, const TrainConfig& config, World& world) {
  nlohmann::ordered_json json;
  const fs::path file = run_dir / "provenance.json";
  if (fs::exists(file)) json = nlohmann::ordered_json::parse(read_whole_file(file));
  auto& starts = json["starts"];
  starts.push_back({{"time", now_utc()}, {"world", world.size()}, {"hosts", world.hosts()}});
  json["run"] = config.run.name;
  json["seed"] = config.run.seed;
  json["world"] = world.size();
  json["hosts"] = world.hosts();
  for (const auto& [name, version] : versions()) json["versions"][name] = version;
  json["policy"] = config.policy.model;
  if (!config.policy.adapter.empty()) json["adapter"] = config.policy.adapter;
  for (const auto& path : {config.policy.model, config.policy.adapter, config.task.train,
                           config.task.validation, config.task.test}) {
    const auto seen = digests_of(path);
    for (const auto& [name, found] : seen.items()) {
      auto& known = json["digests"][name];
      if (known.is_string() && known != found) {
        throw UsageError(
            fmt::format("{} has changed since this run was started: a resumed run must see what "
                        "the first one saw",
                        name));
      }
      known = found;
    }
  }
  write_file_atomically(file, json.dump(2) + "\n");
}

void finish_provenance(const fs::path& run_dir, const std::string& weights_digest) {
  const fs::path file = run_dir / "provenance.json";
  auto json = nlohmann::ordered_json::parse(read_whole_file(file));
  json["finished"] = now_utc();
  json["weights_digest"] = weights_digest;
  write_file_atomically(file, json.dump(2) + "\n");
}

}  // namespace alarm_dist
