// SPDX-License-Identifier: Apache-2.0
// Messages over MPI point to point, on a communicator of their own.
//
// Whatever arrives is taken at every call, wanted or not: two ranks that flush large messages to
// each other would wait for ever otherwise.
#pragma once

#include <memory>

#include "alarm/comm/mailbox.hpp"

#include "comm/mpi_handles.hpp"

namespace alarm_dist {

// flush() throws when a message is not taken within flush_timeout_s.
std::unique_ptr<Mailbox> make_mpi_mailbox(MpiComm comm, double flush_timeout_s);

}  // namespace alarm_dist
