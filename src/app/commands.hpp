// SPDX-License-Identifier: Apache-2.0
// The subcommands. Each add_ function declares options and, when its subcommand is given, puts what
// to run into `chosen`.
#pragma once

#include <functional>

#include "app/session.hpp"

namespace CLI {
class App;
}

namespace alarm_dist {

using Command = std::function<void(Session&)>;

void add_commands(CLI::App& app, Command& chosen);
Command default_command();  // train, with the embedded config

void add_train(CLI::App& app, Command& chosen);
void add_reward_model(CLI::App& app, Command& chosen);
void add_generate(CLI::App& app, Command& chosen);
void add_score(CLI::App& app, Command& chosen);
void add_tokenize(CLI::App& app, Command& chosen);
void add_convert(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);
void add_config(CLI::App& app, Command& chosen);
void add_doctor(CLI::App& app, Command& chosen);
void add_completion(CLI::App& app, Command& chosen);

}  // namespace alarm_dist
