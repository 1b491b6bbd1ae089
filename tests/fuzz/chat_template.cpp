// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"

#include "fuzz/targets.hpp"
#include "text/jinja/template.hpp"

namespace alarm_dist::fuzz {
namespace {

const nlohmann::ordered_json& conversation() {
  static const auto kConversation = nlohmann::ordered_json::parse(R"({
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hé 😀\n"},
                 {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
                  "function": {"name": "f", "arguments": {"x": [1, 2.5, true]}}}]},
                 {"role": "tool", "content": "<b>"}, {"role": "assistant", "content": "a</think>b"}],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters":
               {"type": "object", "properties": {"x": {"type": "array"}}, "required": ["x"]}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>",
    "n": 7, "x": 2.5, "t": "Hello World", "s": "abcdef", "l": [3, 1, 2], "d": {"k": 1, "b": [2]}})");
  return kConversation;
}

}  // namespace

// Less work than a user's template may do, so that the fuzzer gets through many.
void chat_template(std::string_view input) try {
  const jinja::Template parsed(std::string(input), "chat.jinja");
  parsed.render(conversation(), 1'700'000'000, {.work = 200'000, .text_bytes = 1 << 20});
} catch (const Error&) {
}

}  // namespace alarm_dist::fuzz
