// SPDX-License-Identifier: Apache-2.0
// The keys of `algorithm.fine_grained`.
#include <optional>

#include "app/bind_parts.hpp"

namespace alarm_dist {
namespace {

constexpr double kUnsaid = -1;

// A number that may be left to the rest of the config.
void optional_field(FieldVisitor& v, std::string_view key, std::optional<double>& value,
                    double high, std::string_view doc) {
  double shown = value.value_or(kUnsaid);
  v.field(key, shown, {.low = kUnsaid, .high = high}, doc);
  v.require(shown >= 0 || shown == kUnsaid, key, "a number from 0, or -1 for what the rest says");
  value = shown >= 0 ? std::optional(shown) : std::nullopt;
}

}  // namespace

void describe(FieldVisitor& v, FineGrainedConfig& fine_grained) {
  v.choice("values", fine_grained.values,
           {{"shared", ComponentValues::kShared}, {"each", ComponentValues::kEach}},
           "each: the critic has a value for every component, with an advantage of its own.");
  named_list(v, "components", fine_grained.components,
             "By name, `holistic` or one of rewards.compose.use; those not listed have defaults.",
             [&](ComponentConfig& component) {
               v.field("weight", component.weight, Range{}, "Factor of its advantage.");
               optional_field(v, "kl", component.kl, kUnlimited,
                              "Share of kl.coef that penalises it; -1: an equal share.");
               optional_field(v, "gamma", component.gamma, 1,
                              "Discount, where values is each; -1: algorithm.gamma.");
               optional_field(v, "lambda", component.lambda, 1,
                              "Where values is each; -1: algorithm.lambda.");
             });
}

}  // namespace alarm_dist
