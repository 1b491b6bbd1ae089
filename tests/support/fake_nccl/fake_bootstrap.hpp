// SPDX-License-Identifier: Apache-2.0
// How the ranks of a fake communicator find each other: the id names the rank that made it, and
// they report there.
#pragma once

#include <mpi.h>
#include <nccl.h>

namespace alarm_dist::testing::fake_nccl {

ncclUniqueId make_id();
// Collective over the ranks that hold this id.
MPI_Comm connect(const ncclUniqueId& id, int rank, int size);

}  // namespace alarm_dist::testing::fake_nccl
