// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/key_groups.hpp"

#include <algorithm>
#include <set>

namespace alarm_dist::report {
namespace {

using Keys = std::vector<std::string>;

bool starts_with(const std::string& key, std::string_view prefix) {
  return key.compare(0, prefix.size(), prefix) == 0;
}

bool contains(const Keys& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Keys reward_keys(const RunData& run) {
  const Keys last{"reward/gated_fraction", "reward/too_short"};
  Keys keys{"reward/total", "reward/holistic"};
  for (const auto& key : run.keys()) {
    if (starts_with(key, "reward/") && !contains(keys, key) && !contains(last, key))
      keys.push_back(key);
  }
  keys.insert(keys.end(), last.begin(), last.end());
  return keys;
}

const Keys& kl_keys() {
  static const Keys keys{"kl/k1", "kl/k3"};
  return keys;
}

const Keys& drift_keys() {
  static const Keys keys{"kl/coef", "entropy", "tokens/response", "tokens/ended_fraction"};
  return keys;
}

const Keys& optimisation_keys() {
  static const Keys keys{
      "loss/policy",        "loss/value", "clip_fraction",  "approximate_kl", "grad_norm",
      "explained_variance", "lr",         "logprob_gap/max"};
  return keys;
}

const Keys& cost_keys() {
  static const Keys keys{"throughput/tokens_per_s", "memory/rss_bytes"};
  return keys;
}

Keys other_keys(const RunData& run) {
  std::set<std::string> shown;
  for (const auto& group : {reward_keys(run), drift_keys(), optimisation_keys(), cost_keys()}) {
    shown.insert(group.begin(), group.end());
  }
  Keys others;
  for (const auto& key : run.keys()) {
    // A figure shows the "eval/" values of its metric as well.
    const bool overlaid =
        starts_with(key, "eval/") && run.has(key.substr(5)) && !contains(kl_keys(), key.substr(5));
    if (overlaid || shown.count(key) > 0 || contains(kl_keys(), key) || starts_with(key, "time/"))
      continue;
    others.push_back(key);
  }
  return others;
}

}  // namespace alarm_dist::report
