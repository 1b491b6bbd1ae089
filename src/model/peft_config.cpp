// SPDX-License-Identifier: Apache-2.0
// adapter_config.json.
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/peft_adapter.hpp"

#include "model/json_file.hpp"
#include "model/peft_names.hpp"
#include "model/score_names.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Keys that change what an adapter's tensors mean; null, false and empty ones do not.
constexpr const char* kUnsupported[] = {"use_rslora",
                                        "use_dora",
                                        "use_qalora",
                                        "lora_bias",
                                        "rank_pattern",
                                        "alpha_pattern",
                                        "layer_replication",
                                        "use_bdlora",
                                        "target_parameters",
                                        "arrow_config",
                                        "trainable_token_indices",
                                        "kasa_config",
                                        "monteclora_config",
                                        "velora_config",
                                        "alora_invocation_tokens"};

class PeftConfigReader {
 public:
  explicit PeftConfigReader(const fs::path& dir)
      : dir_(dir), file_((dir / kPeftConfig).string()), json_(read_json_object(file_)) {}

  PeftConfig read() const {
    expect("peft_type", "LORA");
    expect("bias", "none");
    for (const char* key : kUnsupported) expect_unset(key);
    check_initialisation();
    PeftConfig config;
    config.lora.rank = rank();
    config.lora.alpha = alpha();
    config.lora.targets = targets();
    config.base_model = text_or("base_model_name_or_path", "");
    config.task = text_or("task_type", "");
    config.score_head = has_score_head();
    config.transposed_base = json_.contains("fan_in_fan_out") && json_["fan_in_fan_out"] == true;
    return config;
  }

 private:
  bool is_set(const char* key) const {
    if (!json_.contains(key)) return false;
    const Json& value = json_[key];
    return !value.is_null() && value != false && !(value.is_structured() && value.empty());
  }

  void expect(const char* key, const char* supported) const {
    ALARM_CHECK(json_.contains(key) && json_[key] == supported,
                "{}: \"{}\" is {}, only \"{}\" is supported", file_, key,
                json_.contains(key) ? json_[key].dump() : "missing", supported);
  }

  void expect_unset(const char* key) const {
    ALARM_CHECK(!is_set(key),
                "{}: \"{}\" is {}: only plain LoRA adapters are supported, without it", file_, key,
                is_set(key) ? json_[key].dump().substr(0, 200) : "");
  }

  // Some ways to begin change the base model's weights, to which the adapter then belongs.
  void check_initialisation() const {
    const Json way = json_.value("init_lora_weights", Json(true));
    ALARM_CHECK(way.is_boolean() || way == "gaussian" || way == "orthogonal" || way == "eva",
                "{}: \"init_lora_weights\" is {}: adapters that change the base model are not "
                "supported",
                file_, way.dump());
  }

  // PEFT lists the names that the head of a classifier may have, whichever the model has.
  bool has_score_head() const {
    if (!is_set("modules_to_save")) return false;
    const Json& modules = json_["modules_to_save"];
    bool heads = text_or("task_type", "") == "SEQ_CLS" && modules.is_array();
    for (const Json& name : modules) {
      heads = heads && name.is_string() && is_score_tensor(name.get<std::string>() + ".");
    }
    ALARM_CHECK(
        heads,
        "{}: \"modules_to_save\" is {}: only plain LoRA adapters are supported, without it, "
        "and with task_type SEQ_CLS those with a score head",
        file_, modules.dump().substr(0, 200));
    return true;
  }

  std::int64_t rank() const {
    ALARM_CHECK(json_.contains("r") && json_["r"].is_number_integer() && json_["r"] > 0,
                "{}: \"r\" is {}, expected a whole number above 0", file_,
                json_.contains("r") ? json_["r"].dump() : "missing");
    return json_["r"].get<std::int64_t>();
  }

  double alpha() const {
    ALARM_CHECK(json_.contains("lora_alpha") && json_["lora_alpha"].is_number(),
                "{}: \"lora_alpha\" is {}, expected a number", file_,
                json_.contains("lora_alpha") ? json_["lora_alpha"].dump() : "missing");
    return json_["lora_alpha"].get<double>();
  }

  std::string text_or(const char* key, const char* fallback) const {
    return json_.contains(key) && json_[key].is_string() ? json_[key].get<std::string>() : fallback;
  }

  // The listed names; where layers are chosen besides, or a pattern is given, the modules that the
  // file of tensors holds.
  std::vector<std::string> targets() const {
    const Json listed = json_.value("target_modules", Json());
    bool plain = listed.is_array() && !listed.empty();
    for (const Json& name : listed) plain = plain && name.is_string();
    if (plain && !is_set("layers_to_transform") && !is_set("exclude_modules"))
      return listed.get<std::vector<std::string>>();
    std::set<std::string> modules;
    const auto file = TensorFile::open(dir_ / kPeftTensors);
    for (const auto& name : file.names()) {
      if (const auto module = peft_module(name)) modules.insert(*module);
    }
    return {modules.begin(), modules.end()};
  }

  fs::path dir_;
  std::string file_;
  Json json_;
};

// What stands for all projections gets its names: PEFT would take modules that have no adapter
// here.
std::vector<std::string> written_targets(const LoraConfig& lora, const NamedTensors& trainable) {
  bool all = false;
  for (const auto& target : lora.targets) all = all || target == kAllLinear;
  if (!all) return lora.targets;
  std::set<std::string> words;
  for (const auto& [name, tensor] : trainable) {
    if (const auto module = peft_module(name)) words.insert(module->substr(module->rfind('.') + 1));
  }
  return {words.begin(), words.end()};
}

Json whole_if_possible(double number) {
  if (number == std::floor(number) && std::abs(number) < 1e15)
    return static_cast<std::int64_t>(number);
  return number;
}

}  // namespace

PeftConfig read_peft_config(const fs::path& dir) { return PeftConfigReader(dir).read(); }

std::string peft_config_text(const PeftConfig& config, const NamedTensors& trainable) {
  Json json;
  json["base_model_name_or_path"] = config.base_model.empty() ? Json() : Json(config.base_model);
  json["bias"] = "none";
  json["fan_in_fan_out"] = config.transposed_base;
  json["inference_mode"] = true;
  json["init_lora_weights"] = true;
  json["lora_alpha"] = whole_if_possible(config.lora.alpha);
  json["lora_dropout"] = 0.0;
  json["modules_to_save"] = nullptr;
  json["peft_type"] = "LORA";
  json["r"] = config.lora.rank;
  json["target_modules"] = written_targets(config.lora, trainable);
  json["task_type"] = config.task.empty() ? Json() : Json(config.task);
  json["use_dora"] = false;
  json["use_rslora"] = false;
  return json.dump(2) + "\n";
}

std::optional<std::string> peft_module(const std::string& tensor) {
  const std::string prefix = kPeftPrefix;
  if (!tensor.starts_with(prefix)) return std::nullopt;
  for (const std::string suffix : {kPeftA, kPeftB}) {
    if (tensor.size() > prefix.size() + suffix.size() && tensor.ends_with(suffix))
      return tensor.substr(prefix.size(), tensor.size() - prefix.size() - suffix.size());
  }
  return std::nullopt;
}

std::optional<std::string> peft_score_tensor(const std::string& tensor) {
  const std::string prefix = kPeftPrefix;
  if (!tensor.starts_with(prefix)) return std::nullopt;
  auto name = tensor.substr(prefix.size());
  return is_score_tensor(name) ? std::optional(std::move(name)) : std::nullopt;
}

}  // namespace alarm_dist
