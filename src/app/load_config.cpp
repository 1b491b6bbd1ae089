// SPDX-License-Identifier: Apache-2.0
#include "app/load_config.hpp"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "alarm/config/yaml.hpp"
#include "alarm/model/peft_adapter.hpp"
#include "alarm/store/atomic_file.hpp"

#include "app/bind.hpp"

namespace alarm_dist {
namespace {

LoraConfig read_start_adapter(const std::string& dir) {
  try {
    auto lora = read_peft_config(dir).lora;
    ALARM_CHECK(lora.alpha > 0,
                "{}: \"lora_alpha\" is {}: expected a number > 0, as nothing is "
                "trained otherwise",
                dir, lora.alpha);
    return lora;
  } catch (const Error& error) {
    throw UsageError(fmt::format("policy.adapter.path: {}", error.what()));
  }
}

std::string listed(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  return fmt::format("[{}]", fmt::join(words, ", "));
}

void expect_as_in_file(const PolicyConfig& policy, const LoraConfig& file) {
  const auto expect = [&](const char* key, const std::string& said, const char* file_key,
                          const std::string& there) {
    if (said == there) return;
    throw UsageError(
        fmt::format("policy.adapter.lora.{} is {}, but the adapter that training starts from, {}, "
                    "has \"{}\" {}: leave the key out",
                    key, said, policy.adapter, file_key, there));
  };
  const auto& said = policy.lora;
  expect("rank", fmt::format("{}", said.rank), "r", fmt::format("{}", file.rank));
  expect("alpha", fmt::format("{}", said.alpha), "lora_alpha", fmt::format("{}", file.alpha));
  expect("targets", listed(said.targets), "target_modules", listed(file.targets));
}

// Where training starts from an adapter, its file has the place of the defaults under
// policy.adapter.lora (the embedded config names none of them): what is then read over it was
// asked for by the user.
TrainConfig parse(const std::vector<ConfigSource>& sources,
                  const std::vector<std::string>& overrides) {
  const auto read_over = [&](TrainConfig config) {
    read_config(sources, overrides, [&](FieldVisitor& v) { describe(v, config); });
    return config;
  };
  TrainConfig config = read_over({});
  if (config.policy.adapter.empty()) return config;
  TrainConfig started;
  started.policy.lora = read_start_adapter(config.policy.adapter);
  const LoraConfig file = started.policy.lora;
  started = read_over(std::move(started));
  expect_as_in_file(started.policy, file);
  return started;
}

std::string read_file(const std::string& file) {
  try {
    return read_whole_file(file);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

void add_config_options(CLI::App& command, ConfigOptions& options) {
  command.add_option("config", options.file,
                     "YAML file, laid over the embedded config (`alarm-dist config` prints it)");
  command
      .add_option("--set", options.overrides,
                  "One value, e.g. --set optimizer.lr=1e-4; may be given again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

TrainConfig load_config(const ConfigOptions& options) {
  std::vector<ConfigSource> sources{{"embedded config", embedded_config()}};
  if (!options.file.empty()) sources.push_back({options.file, read_file(options.file)});
  return parse(sources, options.overrides);
}

TrainConfig load_config(World& world, const ConfigOptions& options) {
  // Rank 0 also says whether there is a file: others may not see it yet.
  ByteWriter writer;
  if (world.rank() == 0) {
    writer.put_string(options.file);
    writer.put_string(options.file.empty() ? "" : read_file(options.file));
  }
  const auto bytes = broadcast_bytes(world.communicator(), writer.take(), 0);
  ByteReader reader(bytes);
  const std::string file = reader.get_string(), text = reader.get_string();
  std::vector<ConfigSource> sources{{"embedded config", embedded_config()}};
  if (!file.empty()) sources.push_back({file, text});
  return parse(sources, options.overrides);
}

void check_whole_config(const TrainConfig& config, int world_size) {
  check_config(config, world_size);
  check_kl_is_read(config.algorithm, parse({{"embedded config", embedded_config()}}, {}).algorithm);
}

std::string resolved_yaml(TrainConfig config) {
  TrainConfig embedded = parse({{"embedded config", embedded_config()}}, {});
  return write_config([&](FieldVisitor& v) { describe(v, config); },
                      [&](FieldVisitor& v) { describe(v, embedded); });
}

}  // namespace alarm_dist
