// SPDX-License-Identifier: Apache-2.0
// Golden values of PyPI `tokenizers` (tests/golden/make_tokenizers.py) and the tokenizers they were
// made with.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist::testing {

nlohmann::json read_golden(const std::string& name);  // tests/data/text/NAME.json
std::filesystem::path site_dir();                     // the installed wheels

// SmolLM2's vocabulary and merges out of its GGUF file under a pre-tokenizer ("smollm" is its own).
std::unique_ptr<Tokenizer> gguf_tokenizer(const std::string& pre_tokenizer);
const Tokenizer& smollm_tokenizer();  // built once
const Tokenizer& minilm_tokenizer();

}  // namespace alarm_dist::testing
