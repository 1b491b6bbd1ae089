// SPDX-License-Identifier: Apache-2.0
// What is fuzzed: each reader of untrusted files, given any bytes, must return or throw Error, and
// do so soon. libFuzzer drives them (fuzz_main.cpp); found cases are replayed by corpus_test.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace alarm_dist::fuzz {

struct Target {
  const char* name;  // of tests/fuzz/corpus/NAME
  void (*run)(std::string_view input);
};

std::span<const Target> targets();
const Target& find_target(const std::string& name);  // throws Error naming those there are

// Each in the file of its name. They swallow Error, and nothing else.
void safetensors(std::string_view input);
void gguf(std::string_view input);
void tokenizer(std::string_view input);
void sentencepiece(std::string_view input);
void chat_template(std::string_view input);
void json_lines(std::string_view input);
void yaml(std::string_view input);

}  // namespace alarm_dist::fuzz
