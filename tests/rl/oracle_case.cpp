// SPDX-License-Identifier: Apache-2.0
#include "rl/oracle_case.hpp"

#include <algorithm>
#include <utility>

namespace alarm_dist::testing {

enum class OracleCase::Stream : std::uint32_t {
  kShape,
  kLengths,
  kOld,
  kPolicy,
  kReference,
  kRollout,
  kOldValues,
  kValues,
  kRewards,
  kScores,
  kPastOldValues,
  kPastValues,
  kTruncated,
  kDesirable,
  kSettings,
  kProjection,
};

namespace {

struct Setting {
  const char* name;
  double low, high;
};
constexpr Setting kSettingRanges[] = {
    {"gamma", .8, 1},   {"lam", .5, 1},         {"low", .1, .3},   {"high", .1, .4},
    {"dual", 1.2, 1.5}, {"value_clip", .1, .4}, {"beta", .05, .5}, {"cap", 1.1, 1.5},
    {"bound", 1.1, 2},  {"smoothing", .05, .4}, {"margin", .1, 1}, {"good", .5, 2},
    {"bad", .5, 2},
};

std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

OracleCase::OracleCase(std::uint32_t case_number, std::map<std::string, double> golden)
    : number(case_number), golden_(std::move(golden)) {
  draw_shape();
  draw_values();
  draw_settings();
}

DrawKey OracleCase::key(Stream stream, std::int64_t index) const {
  return {.seed = 5,
          .step = number,
          .sample = static_cast<std::uint32_t>(stream),
          .token = static_cast<std::uint32_t>(index)};
}

at::Tensor OracleCase::between(Stream stream, std::int64_t count, double low, double high) const {
  at::Tensor values = at::empty({count}, at::kDouble);
  for (std::int64_t i = 0; i < count; ++i)
    values.mutable_data_ptr<double>()[i] = low + (high - low) * draw_uniform(key(stream, i));
  return values;
}

void OracleCase::draw_shape() {
  const auto group_count = 1 + draw_below(key(Stream::kShape, 0), 3);
  group_size = 2 + draw_below(key(Stream::kShape, 1), 3);
  longest = number % 10 == 0 ? 1 : 2 + draw_below(key(Stream::kShape, 2), 4);
  for (std::uint64_t r = 0; r < group_count * group_size; ++r) {
    groups.push_back(as_signed(r / group_size));
    offsets.push_back(offsets.back() +
                      as_signed(1 + draw_below(key(Stream::kLengths, as_signed(r)), longest)));
  }
}

void OracleCase::draw_values() {
  const std::int64_t tokens = offsets.back();
  old_T = between(Stream::kOld, tokens, -2.5, -.7);
  logprobs_T = old_T + between(Stream::kPolicy, tokens, -.5, .5);
  reference_T = old_T + between(Stream::kReference, tokens, -.5, .5);
  rollout_T = old_T + between(Stream::kRollout, tokens, -.5, .5);
  old_values_T = between(Stream::kOldValues, tokens, -1, 1);
  values_T = old_values_T + between(Stream::kValues, tokens, -.5, .5);
  past_old_values_R = between(Stream::kPastOldValues, responses(), -1, 1);
  past_values_R = past_old_values_R + between(Stream::kPastValues, responses(), -.5, .5);
  const bool constant = number % 10 < 2;
  rewards_T =
      constant ? at::full({tokens}, .5, at::kDouble) : between(Stream::kRewards, tokens, -1, 1);
  scores_R = constant ? at::full({responses()}, .25, at::kDouble)
                      : between(Stream::kScores, responses(), -1, 1);
  truncated_R = between(Stream::kTruncated, responses(), 0, 1) < .3;
  desirable_R = between(Stream::kDesirable, responses(), 0, 1) < .6;
}

void OracleCase::draw_settings() {
  std::int64_t index = 0;
  for (const auto& [name, low, high] : kSettingRanges)
    settings[name] = low + (high - low) * draw_uniform(key(Stream::kSettings, index++));
}

std::int64_t OracleCase::length(std::int64_t r) const {
  return offsets[static_cast<std::size_t>(r) + 1] - offsets[static_cast<std::size_t>(r)];
}

LossCounts OracleCase::counts() const {
  auto counts = count_losses(offsets);
  for (std::int64_t r = 0; r < responses(); ++r)
    counts.fixed_length = std::max(counts.fixed_length, static_cast<double>(length(r)));
  return counts;
}

at::Tensor OracleCase::on_last_tokens(const at::Tensor& values_R) const {
  at::Tensor result_T = at::zeros({offsets.back()}, at::kDouble);
  for (std::int64_t r = 0; r < responses(); ++r)
    result_T.select(0, offsets[static_cast<std::size_t>(r) + 1] - 1).copy_(values_R.select(0, r));
  return result_T;
}

void OracleCase::expect(double actual, const std::string& name) const {
  const double expected = golden_.at(name);
  EXPECT_NEAR(actual, expected, kTolerance * std::max(1.0, std::abs(expected))) << name;
}

void OracleCase::expect_projection(const at::Tensor& actual, const std::string& name) const {
  const auto weights = between(Stream::kProjection, actual.numel(), -.5, .5);
  expect(scalar((actual.detach().flatten() * weights).sum()), name);
}

void OracleCase::expect_function(const std::string& name, const at::Tensor& point,
                                 const Function& function) const {
  const at::Tensor x = point.detach().clone().requires_grad_(true);
  const at::Tensor value = function(x);
  value.backward();
  expect(scalar(value), name);
  expect_projection(x.grad(), name + ".gradient");
}

void for_each_oracle_case(const std::function<void(const OracleCase&)>& check) {
  static const auto file =
      nlohmann::json::parse(read_file(source_dir() / "tests/data/rl/oracles.json"));
  const auto& rows = file.at("cases");
  ASSERT_EQ(rows.size(), 200U);
  for (std::uint32_t i = 0; i < rows.size() && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    std::map<std::string, double> golden;
    for (std::size_t n = 0; n < file.at("names").size(); ++n)
      golden[file.at("names")[n].get<std::string>()] = rows[i][n].get<double>();
    check(OracleCase(i, std::move(golden)));
  }
}

}  // namespace alarm_dist::testing
