// SPDX-License-Identifier: Apache-2.0
// completion: a bash script made from the option table itself, so that it cannot lag behind.
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.hpp"

namespace alarm_dist {
namespace {

std::string options_of(const CLI::App& command) {
  std::string words;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) words += " --" + name;
  }
  return words;
}

std::string bash_script(const CLI::App& app) {
  std::string names, cases;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += " " + command->get_name();
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), options_of(*command));
  }
  return fmt::format(
      "# bash completion of alarm-dist: source <(alarm-dist completion)\n"
      "_alarm_dist() {{\n  local words=\"{}{}\" word=${{COMP_WORDS[COMP_CWORD]}}\n"
      "  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}}\ncomplete -o default -F _alarm_dist "
      "alarm-dist\n",
      names, options_of(app), cases);
}

}  // namespace

void add_completion(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("completion", "Print a bash completion script");
  command->callback([&app, &chosen] {
    chosen = [script = bash_script(app)](Session&) { std::fputs(script.c_str(), stdout); };
  });
}

}  // namespace alarm_dist
