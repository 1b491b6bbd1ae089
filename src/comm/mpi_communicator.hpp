// SPDX-License-Identifier: Apache-2.0
// Collectives over MPI on host tensors. The standard asks that all ranks get identical results of
// MPI_Allreduce (MPI 3.1, 5.9.6); the tests check it bit by bit.
#pragma once

#include <cstdint>
#include <memory>

#include "alarm/comm/communicator.hpp"

#include "comm/mpi_handles.hpp"

namespace alarm_dist {

// A call moves at most this many bytes over all ranks: MPI counts in int, and implementations add
// counts up in int.
inline constexpr std::int64_t kMpiMaxBytes = std::int64_t{1} << 30;

std::unique_ptr<Communicator> make_mpi_communicator(MpiComm comm,
                                                    std::int64_t max_bytes = kMpiMaxBytes);

}  // namespace alarm_dist
