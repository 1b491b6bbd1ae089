// SPDX-License-Identifier: Apache-2.0
#include "model/families.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "alarm/base/error.hpp"
#include "alarm/model/reward_head.hpp"

#include "model/families/family.hpp"
#include "model/t5_config.hpp"

namespace alarm_dist {
namespace {

struct Family {
  const char* model_type;
  DecoderSpec (*read)(const ConfigFile& config);
};

constexpr Family kFamilies[] = {{"llama", read_llama}, {"mistral", read_mistral},
                                {"qwen2", read_qwen2}, {"qwen3", read_qwen3},
                                {"gpt2", read_gpt2},   {"gpt_neox", read_gpt_neox}};

const Family* look_up(const ConfigFile& config) {
  const auto type = config.text_or("model_type", "");
  const auto* found = std::ranges::find(kFamilies, type, &Family::model_type);
  return found == std::ranges::end(kFamilies) ? nullptr : found;
}

const Family& find_family(const ConfigFile& config) {
  if (const auto* found = look_up(config)) return *found;
  std::string supported;
  for (const Family& family : kFamilies)
    supported += (supported.empty() ? "" : ", ") + std::string(family.model_type);
  config.refuse("model_type", supported + ", " + kT5Types);
}

void check_heads(const DecoderSpec& spec, const std::string& path) {
  const auto& shape = spec.shape;
  ALARM_CHECK(shape.heads % shape.kv_heads == 0 && spec.rope.features % 2 == 0 &&
                  spec.rope.features <= shape.head_size,
              "{}: {} heads with {} key-value heads of size {}, {} features of which turn: heads "
              "must be a multiple of key-value heads and the features even",
              path, shape.heads, shape.kv_heads, shape.head_size, spec.rope.features);
}

}  // namespace

bool is_decoder_folder(const std::filesystem::path& dir) {
  const auto path = dir / "config.json";
  return std::filesystem::exists(path) && look_up(ConfigFile(path)) != nullptr;
}

std::vector<std::int64_t> read_eos_tokens(const std::filesystem::path& dir,
                                          const ConfigFile& config, std::int64_t vocabulary) {
  config.check_tokens(vocabulary);
  const auto path = dir / "generation_config.json";
  if (std::filesystem::exists(path)) {
    const ConfigFile generation(path);
    generation.check_tokens(vocabulary);
    auto tokens = generation.numbers("eos_token_id");
    if (!tokens.empty()) return tokens;
  }
  return config.numbers("eos_token_id");
}

DecoderSpec read_decoder_spec(const std::filesystem::path& dir) {
  const auto path = dir / "config.json";
  const ConfigFile config(path);
  DecoderSpec spec = find_family(config).read(config);
  spec.shape.eos_tokens = read_eos_tokens(dir, config, spec.shape.vocabulary);
  check_heads(spec, path.string());
  return spec;
}

}  // namespace alarm_dist
