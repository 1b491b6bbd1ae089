// SPDX-License-Identifier: Apache-2.0
// The small trained tokenizers of tests/golden/make_tokenizer_kinds.py and what the oracles make of
// texts with them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist::testing {

nlohmann::json read_kind(const std::string& file);  // tests/data/text/kinds/FILE
std::unique_ptr<Tokenizer> kind_tokenizer(const std::string& name);

// All of them: "byte_bpe", ..., "sentencepiece_unigram".
const std::vector<std::string>& kind_names();

const std::vector<std::string>& hostile_texts();
const std::vector<std::string>& hostile_bytes();  // not UTF-8

std::string from_hex(const std::string& digits);
std::vector<std::int64_t> flat(const std::vector<Span>& offsets);
// Ids, offsets and text in the form that the oracle's digests are made of.
std::string numbers_of(const Encoding& encoding, const std::string& decoded);

}  // namespace alarm_dist::testing
