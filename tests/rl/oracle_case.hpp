// SPDX-License-Identifier: Apache-2.0
// The random ragged batches of tests/golden/make_rl_oracles.py, and what other implementations made
// of them. Inputs are a function of the case's number, the same as in rl_oracles/cases.py; the file
// holds results only.
#pragma once

#include <functional>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "alarm/base/random.hpp"
#include "alarm/rl/aggregate.hpp"
#include "alarm/rl/ppo.hpp"

#include "rl/numbers.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist::testing {

class OracleCase {
 public:
  using Function = std::function<at::Tensor(const at::Tensor&)>;

  OracleCase(std::uint32_t case_number, std::map<std::string, double> golden);

  std::uint32_t number;
  std::uint64_t group_size, longest;
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int64_t> groups;
  at::Tensor old_T, logprobs_T, reference_T, rollout_T, old_values_T, values_T, rewards_T;
  at::Tensor scores_R, past_old_values_R, past_values_R;  // past: after the last token
  at::Tensor truncated_R, desirable_R;
  std::map<std::string, double> settings;

  double operator[](const std::string& name) const { return settings.at(name); }
  std::int64_t responses() const { return std::ssize(groups); }
  std::int64_t length(std::int64_t r) const;
  double tokens() const { return static_cast<double>(offsets.back()); }
  PolicyClip clip() const { return {.low = settings.at("low"), .high = settings.at("high")}; }
  LossCounts counts() const;  // of all responses, the fixed length being that of the longest
  // Scores on the last tokens, 0 elsewhere.
  at::Tensor on_last_tokens(const at::Tensor& values_R) const;

  void expect(double actual, const std::string& name) const;
  // One number for many, in which each counts differently.
  void expect_projection(const at::Tensor& actual, const std::string& name) const;
  // A function's value at the point, and its gradient there.
  void expect_function(const std::string& name, const at::Tensor& point,
                       const Function& function) const;

 private:
  enum class Stream : std::uint32_t;
  DrawKey key(Stream stream, std::int64_t index) const;
  at::Tensor between(Stream stream, std::int64_t count, double low, double high) const;
  void draw_shape();
  void draw_values();
  void draw_settings();

  std::map<std::string, double> golden_;
};

// Stops at the first case that fails.
void for_each_oracle_case(const std::function<void(const OracleCase&)>& check);

}  // namespace alarm_dist::testing
