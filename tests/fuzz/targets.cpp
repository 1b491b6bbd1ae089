// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.hpp"

#include <array>

#include "alarm/base/error.hpp"

namespace alarm_dist::fuzz {

std::span<const Target> targets() {
  static constexpr std::array<Target, 7> kTargets = {{{"safetensors", safetensors},
                                                      {"gguf", gguf},
                                                      {"tokenizer", tokenizer},
                                                      {"sentencepiece", sentencepiece},
                                                      {"chat_template", chat_template},
                                                      {"json_lines", json_lines},
                                                      {"yaml", yaml}}};
  return kTargets;
}

const Target& find_target(const std::string& name) {
  std::string known;
  for (const Target& target : targets()) {
    if (name == target.name) return target;
    known += std::string(known.empty() ? "" : ", ") + target.name;
  }
  throw Error(fmt::format("no fuzz target '{}', only {}", name, known));
}

}  // namespace alarm_dist::fuzz
