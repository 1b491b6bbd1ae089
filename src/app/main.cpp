// SPDX-License-Identifier: Apache-2.0
// alarm-dist: picks the subcommand, and is the one place that catches errors.
#include <cstdlib>
#include <exception>

#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"

#include "app/commands.hpp"
#include "app/heap.hpp"
#include "app/session.hpp"

namespace alarm_dist {
namespace {

int run(int argc, char** argv) {
  CLI::App app(
      "Aligns language models with hierarchical rewards, by reinforcement learning, across GPUs "
      "and nodes.\n"
      "Without a subcommand: train with the embedded config.",
      "alarm-dist");
  Session session;
  Command chosen;
  add_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (launcher_rank() != 0)
      return error.get_exit_code() == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  if (!chosen) chosen = default_command();
  try {
    chosen(session);
    session.close();
    return session.exit_code();
  } catch (const Error& error) {
    session.fail(error.what(), error.code());
  } catch (const std::exception& error) {
    session.fail(error.what(), ExitCode::kFailure);
  }
}

}  // namespace
}  // namespace alarm_dist

int main(int argc, char** argv) {
  alarm_dist::set_up_heap();
  return alarm_dist::run(argc, argv);
}
