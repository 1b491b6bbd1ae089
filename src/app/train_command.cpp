// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/CLI.hpp>

#include "alarm/base/log.hpp"
#include "alarm/base/stop_signal.hpp"
#include "alarm/metrics/report.hpp"
#include "alarm/train/reward_models.hpp"
#include "alarm/train/stop.hpp"
#include "alarm/train/trainer.hpp"

#include "app/commands.hpp"
#include "app/dry_run.hpp"
#include "app/load_config.hpp"
#include "app/provenance.hpp"
#include "app/rank_notes.hpp"

namespace alarm_dist {
namespace {

struct TrainOptions {
  ConfigOptions config;
  std::string out;
  bool resume = false;
  bool dry_run = false;
};

// All ranks must agree on the folder, so rank 0 chooses.
std::filesystem::path choose_run_directory(World& world, const TrainOptions& options,
                                           const TrainConfig& config) {
  if (!options.out.empty()) return options.out;
  const std::filesystem::path parent = "runs";
  ByteWriter writer;
  if (world.rank() == 0) {
    const auto path =
        options.resume ? parent / config.run.name : free_run_directory(parent, config.run.name);
    writer.put_string(path.string());
  }
  const auto bytes = broadcast_bytes(world.communicator(), writer.take(), 0);
  return ByteReader(bytes).get_string();
}

// As a process that SIGTERM ends: what started the job may start it again.
constexpr int kStoppedExitCode = 143;

void end_stopped(Session& session, const std::string& what) {
  log::root_info("{}; --resume goes on from there", what);
  write_rank_note(session.world().rank(), what);
  session.set_exit_code(kStoppedExitCode);
}

// A run's folder says what it was started with; without another file that is what it goes on with.
TrainOptions with_config_of_run(TrainOptions options) {
  const auto file = std::filesystem::path(options.out) / "config.yaml";
  const bool asked = options.resume && options.config.file.empty() && !options.out.empty();
  if (asked && std::filesystem::exists(file)) options.config.file = file.string();
  return options;
}

void run_train(Session& session, const TrainOptions& given) {
  const TrainOptions options = with_config_of_run(given);
  if (options.dry_run) {
    if (launcher_rank() == 0) print_dry_run(load_config(options.config));
    return;
  }
  hold_stop_signal();  // before the world has threads
  // The deadline is part of the config, and the config is agreed on over the world: the file is
  // read once more for it.
  World& world =
      session.world({.collective_timeout_s = load_config(options.config).run.collective_timeout_s});
  const TrainConfig config = load_config(world, options.config);
  log::init(world.rank(), log::parse_level(config.run.log_level));
  check_whole_config(config, world.size());
  const RunDirectory run(world, choose_run_directory(world, options, config),
                         options.resume ? Resume::kYes : Resume::kNo, resolved_yaml(config));
  check_prompts(world, config);
  if (world.rank() == 0) write_provenance(run.path(), config, world);
  const auto summaries = ensure_reward_models(world, config);
  if (any_rank_told_to_stop(world)) {
    end_stopped(session,
                "stopped by a signal before the first step; reward models that are done stay");
    return;
  }
  if (world.rank() == 0) write_reward_models(run.path(), summaries);

  Trainer trainer(world, config, run);
  if (trainer.run() == RunEnd::kStopped) {
    end_stopped(session,
                fmt::format("stopped by a signal after step {} of {}, which is saved in {}",
                            trainer.steps_done(), config.run.steps, run.path().string()));
    return;
  }
  log::root_info("weights digest {}", trainer.weights_digest());
  if (world.rank() == 0) {
    finish_provenance(run.path(), trainer.weights_digest());
    log::info("report: {}", write_report(run.path()).string());
  }
}

void add_options(CLI::App& command, const std::shared_ptr<TrainOptions>& options) {
  add_config_options(command, options->config);
  command.add_option("--out", options->out, "Run directory (default: runs/NAME of the config)");
  command.add_flag("--resume", options->resume,
                   "Go on from the run's last complete checkpoint; without a config, "
                   "with the one in --out");
  command.add_flag("--dry-run", options->dry_run,
                   "Check the config and print plan and predicted memory; train nothing");
}

}  // namespace

void add_train(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<TrainOptions>();
  auto* command = app.add_subcommand("train", "Train a policy with the rewards of a config");
  add_options(*command, options);
  command->callback([options, &chosen] {
    chosen = [options](Session& session) { run_train(session, *options); };
  });
}

Command default_command() {
  return [](Session& session) { run_train(session, {}); };
}

}  // namespace alarm_dist
