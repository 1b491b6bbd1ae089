// SPDX-License-Identifier: Apache-2.0
// What lives as long as the process: the world, once a command asks for it, and the rank's last
// words.
#pragma once

#include <memory>
#include <string>

#include "alarm/base/error.hpp"
#include "alarm/comm/world.hpp"

namespace alarm_dist {

// The rank the launcher gave this process, before there is a world; 0 without a launcher.
int launcher_rank();

class Session {
 public:
  Session();
  ~Session();

  // Made at the first call; collective then.
  World& world(const WorldOptions& options = {});
  void close();
  // What the process ends with when nothing failed; 0 unless said.
  void set_exit_code(int code) { exit_code_ = code; }
  int exit_code() const { return exit_code_; }
  // Says what went wrong, once for the job if every rank fails alike, and ends all ranks.
  [[noreturn]] void fail(const std::string& message, ExitCode code);

 private:
  std::unique_ptr<World> world_;
  int exit_code_ = 0;
};

}  // namespace alarm_dist
