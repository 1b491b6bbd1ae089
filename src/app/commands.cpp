// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "alarm/config/yaml.hpp"

#include "app/bind.hpp"
#include "app/load_config.hpp"
#include "app/provenance.hpp"

namespace alarm_dist {
namespace {

const std::string kHeading =
    "# Configuration\n\nEvery key of the config. Made by `alarm-dist config --markdown`; a test "
    "keeps it equal to the program. "
    "A YAML file is\nlaid over the embedded config (`alarm-dist config` prints it), `--set "
    "key.path=value` over both.\n\n";

}  // namespace

void add_commands(CLI::App& app, Command& chosen) {
  app.set_version_flag("--version", version_text,
                       "Versions of everything linked, and facts of the build");
  app.require_subcommand(0, 1);
  app.set_help_all_flag("--help-all", "Help of every subcommand");
  add_train(app, chosen);
  add_reward_model(app, chosen);
  add_generate(app, chosen);
  add_score(app, chosen);
  add_tokenize(app, chosen);
  add_convert(app, chosen);
  add_report(app, chosen);
  add_config(app, chosen);
  add_doctor(app, chosen);
  add_completion(app, chosen);
}

void add_config(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ConfigOptions>();
  auto markdown = std::make_shared<bool>(false);
  auto* command = app.add_subcommand("config", "Print the resolved config, or its documentation");
  add_config_options(*command, *options);
  command->add_flag("--markdown", *markdown,
                    "Every key with type, range, default and meaning (docs/configuration.md)");
  command->callback([=, &chosen] {
    chosen = [=](Session&) {
      TrainConfig config = load_config(*options);
      const auto text =
          *markdown ? kHeading + document_config([&](FieldVisitor& v) { describe(v, config); })
                    : resolved_yaml(config);
      std::fputs(text.c_str(), stdout);
    };
  });
}

}  // namespace alarm_dist
