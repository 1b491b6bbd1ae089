// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/peft_adapter.hpp"

#include <set>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"
#include "alarm/store/atomic_file.hpp"

#include "model/peft_names.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

TensorFile open_tensors(const fs::path& dir) {
  if (!fs::exists(dir / kPeftTensors)) refuse_pickle(dir);
  return TensorFile::open(dir / kPeftTensors);
}

void check_known(const fs::path& dir, const TensorFile& file, const NamedTensors& trainable) {
  std::vector<std::string> known;
  for (const auto& [name, tensor] : trainable) known.push_back(name);
  const std::set<std::string> names(known.begin(), known.end());
  for (const auto& name : file.names()) {
    const auto near = nearest_word(name, known);
    ALARM_CHECK(names.contains(name), "{}: tensor '{}' has no place in the model's adapter{}",
                (dir / kPeftTensors).string(), name,
                near ? fmt::format(" (the nearest name there is '{}')", *near) : "");
  }
}

}  // namespace

void load_peft_adapter(const fs::path& dir, const LoraConfig& own, const NamedTensors& trainable) {
  const PeftConfig config = read_peft_config(dir);
  const auto config_file = (dir / kPeftConfig).string();
  ALARM_CHECK(
      !config.score_head,
      "{}: an adapter of a reward model (\"modules_to_save\"): expected one of a language "
      "model. `alarm-dist convert MODEL OUT --adapter {} --merge` makes a reward model of it",
      config_file, dir.string());
  ALARM_CHECK(config.lora.rank == own.rank, "{}: \"r\" is {}, the model's adapter has rank {}",
              config_file, config.lora.rank, own.rank);
  ALARM_CHECK(config.lora.alpha == own.alpha,
              "{}: \"lora_alpha\" is {}, the model's adapter has {}", config_file,
              config.lora.alpha, own.alpha);
  const auto file = open_tensors(dir);
  check_known(dir, file, trainable);
  std::vector<at::Tensor> values;
  for (const auto& [name, tensor] : trainable) values.push_back(file.get(name, tensor.sizes()));
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < values.size(); ++i) {
    at::Tensor target = trainable[i].second;
    target.copy_(values[i]);
  }
}

std::unique_ptr<CausalLm> load_with_adapter(const fs::path& model, CausalLmOptions options,
                                            const fs::path& adapter) {
  options.trained = Trained::kAdapter;
  options.adapter = read_peft_config(adapter).lora;
  try {
    auto loaded = CausalLm::load(model, options);
    load_peft_adapter(adapter, options.adapter, loaded->trainable());
    return loaded;
  } catch (const Error& error) {
    throw Error(
        fmt::format("adapter {} of {}: {}", adapter.string(), model.string(), error.what()));
  }
}

// The config is what makes a folder an adapter: gone while the tensors are written, there again
// when they are whole.
void save_peft_adapter(const fs::path& dir, const NamedTensors& trainable,
                       const PeftConfig& config) {
  fs::create_directories(dir);
  fs::remove(dir / kPeftConfig);
  write_safetensors(dir / kPeftTensors, trainable, {{"format", "pt"}});
  write_file_atomically(dir / kPeftConfig, peft_config_text(config, trainable));
}

std::vector<std::int64_t> PeftChange::shape() const {
  const auto out = b_OR.size(0), in = a_RI.size(1);
  return transposed ? std::vector{in, out} : std::vector{out, in};
}

at::Tensor PeftChange::value(at::ScalarType type) const {
  const auto change_OI = b_OR.to(type).mm(a_RI.to(type)).mul_(scale);
  return transposed ? change_OI.t() : change_OI;
}

std::map<std::string, PeftChange> peft_changes(const fs::path& dir) {
  const PeftConfig config = read_peft_config(dir);
  const auto rank = config.lora.rank;
  const auto path = (dir / kPeftTensors).string();
  const auto file = open_tensors(dir);
  std::map<std::string, PeftChange> changes;
  for (const auto& name : file.names()) {
    if (config.score_head && peft_score_tensor(name)) continue;
    const auto module = peft_module(name);
    ALARM_CHECK(module.has_value(), "{}: tensor '{}': expected {}<module>{} or {}", path, name,
                kPeftPrefix, kPeftA, kPeftB);
    if (changes.contains(*module + ".weight")) continue;
    const auto a = file.get(kPeftPrefix + *module + kPeftA);
    const auto b = file.get(kPeftPrefix + *module + kPeftB);
    ALARM_CHECK(a.is_floating_point() && b.is_floating_point(),
                "{}: module '{}': expected floating-point numbers, found {} and {}", path, *module,
                c10::toString(a.scalar_type()), c10::toString(b.scalar_type()));
    ALARM_CHECK(a.dim() == 2 && b.dim() == 2 && a.size(0) == rank && b.size(1) == rank,
                "{}: module '{}': expected lora_A of shape [{}, in] and lora_B of shape [out, {}], "
                "found [{}] and [{}]",
                path, *module, rank, rank, fmt::join(a.sizes(), ", "), fmt::join(b.sizes(), ", "));
    changes.emplace(*module + ".weight",
                    PeftChange{.a_RI = a,
                               .b_OR = b,
                               .scale = config.lora.alpha / static_cast<double>(rank),
                               .transposed = config.transposed_base});
  }
  return changes;
}

NamedTensors peft_score_head(const fs::path& dir) {
  NamedTensors head;
  if (!read_peft_config(dir).score_head) return head;
  const auto file = open_tensors(dir);
  for (const auto& stored : file.names()) {
    if (const auto name = peft_score_tensor(stored)) head.emplace_back(*name, file.get(stored));
  }
  ALARM_CHECK(!head.empty(), "{}: expected a score head, as {} says, and found none",
              (dir / kPeftTensors).string(), kPeftConfig);
  return head;
}

}  // namespace alarm_dist
