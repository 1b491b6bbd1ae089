// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace alarm_dist {

// Whether a critic's model and the policy have the same frozen weights, those of one folder:
// without their adapters they then compute the same.
enum class BaseWeights { kShared, kDistinct };

}  // namespace alarm_dist
