// SPDX-License-Identifier: Apache-2.0
// A world inside one process: the ranks of run_thread_world, or a single one when no launcher
// started the program.
#pragma once

#include <functional>
#include <memory>

#include "alarm/comm/world.hpp"

#include "comm/ledger.hpp"
#include "comm/thread_hub.hpp"
#include "comm/thread_mailbox.hpp"

namespace alarm_dist {

// What the ranks of one process share.
struct SharedWorld {
  explicit SharedWorld(int size)
      : failed(std::make_shared<FailureFlag>(false)),
        hub(std::make_shared<ThreadHub>(size, failed)),
        office(std::make_shared<PostOffice>(size, failed)),
        ledger(std::make_shared<Ledger>(size)) {}

  std::shared_ptr<FailureFlag> failed;
  std::shared_ptr<ThreadHub> hub;
  std::shared_ptr<PostOffice> office;
  std::shared_ptr<Ledger> ledger;
};

// on_abort must not return.
std::unique_ptr<World> make_in_process_world(const SharedWorld& shared, int rank,
                                             std::function<void(int)> on_abort);

// A world of one; abort() ends the process.
std::unique_ptr<World> make_local_world();

}  // namespace alarm_dist
