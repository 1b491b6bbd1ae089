// SPDX-License-Identifier: Apache-2.0
// The one description of every key of the config: the reader, the writer and docs/configuration.md
// all come from it.
#pragma once

#include "alarm/config/fields.hpp"
#include "alarm/train/config.hpp"

namespace alarm_dist {

void describe(FieldVisitor& v, TrainConfig& config);

}  // namespace alarm_dist
