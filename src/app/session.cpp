// SPDX-License-Identifier: Apache-2.0
#include "app/session.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "alarm/base/log.hpp"

#include "app/rank_notes.hpp"

namespace alarm_dist {

int launcher_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return 0;
}

Session::Session() = default;
Session::~Session() = default;

World& Session::world(const WorldOptions& options) {
  if (!world_) {
    world_ = with_rank_notes(make_world(options));
    log::init(world_->rank(), log::Level::kInfo);
  }
  return *world_;
}

void Session::close() {
  if (!world_) return;
  const int rank = world_->rank();  // a closed world has none
  world_->close();
  if (exit_code_ == 0) write_rank_note(rank, "done");
}

void Session::fail(const std::string& message, ExitCode code) {
  const int rank = world_ ? world_->rank() : launcher_rank();
  // A mistake of the user's is the same on every rank: rank 0 has the first word, the others speak
  // only if it has none.
  if (code == ExitCode::kUsage && rank != 0) std::this_thread::sleep_for(std::chrono::seconds(2));
  if (code == ExitCode::kUsage) {
    std::fprintf(stderr, "alarm-dist: %s\n", message.c_str());
  } else {
    log::error("{}", message);
    write_rank_note(rank, "failed: " + message);
  }
  log::flush();
  std::fflush(nullptr);
  if (world_ && world_->size() > 1) world_->abort(static_cast<int>(code));
  std::_Exit(static_cast<int>(code));
}

}  // namespace alarm_dist
