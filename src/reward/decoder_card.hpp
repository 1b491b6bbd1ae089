// SPDX-License-Identifier: Apache-2.0
// What the reward_model.json in a decoder's folder says of how it is read:
// {"template": TEXT or "chat", "max_tokens": N, "label": N}, beside "name" and "trained_on".
#pragma once

#include <filesystem>

#include "alarm/reward/source.hpp"

namespace alarm_dist {

// What `wanted` leaves out is taken from the file, if there is one. Throws Error naming the file
// and the key that is wrong or not known.
DecoderReading complete_reading(DecoderReading wanted, const std::filesystem::path& dir);

}  // namespace alarm_dist
