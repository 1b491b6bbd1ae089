// SPDX-License-Identifier: Apache-2.0
// The tokenizer that a tokenizer.json describes.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {

// `name` stands in messages.
std::unique_ptr<Tokenizer> make_json_tokenizer(const nlohmann::json& document,
                                               const std::string& name);

}  // namespace alarm_dist
