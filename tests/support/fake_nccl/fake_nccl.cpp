// SPDX-License-Identifier: Apache-2.0
#include "support/fake_nccl/fake_nccl.hpp"

#include <cstddef>
#include <utility>
#include <vector>

#include <mpi.h>

#include "support/fake_nccl/fake_bootstrap.hpp"

// The name is nccl.h's.
struct ncclComm {  // NOLINT(readability-identifier-naming)
  MPI_Comm mpi = MPI_COMM_NULL;
  int polls_in_progress = 0;
};

namespace alarm_dist::testing::fake_nccl {
namespace {

// As long as a call pretends to be under way.
constexpr int kPolls = 3;

struct Queued {
  ncclComm_t comm;
  std::function<ncclResult_t()> call;
};

std::vector<Queued>& queue() {
  static std::vector<Queued> calls;
  return calls;
}

bool refused(const char* call) { return faults().refused_call == call; }

ncclResult_t result_of(int mpi_code) {
  return mpi_code == MPI_SUCCESS ? ncclSuccess : ncclSystemError;
}

int element_bytes(ncclDataType_t type) {
  switch (type) {
    case ncclUint8:
      return 1;
    case ncclFloat16:
    case ncclBfloat16:
      return 2;
    case ncclInt32:
    case ncclFloat32:
      return 4;
    case ncclInt64:
    case ncclFloat64:
      return 8;
    default:
      return 0;
  }
}

// Half types are moved but not reduced: the code under test widens them first.
MPI_Datatype reducible(ncclDataType_t type) {
  switch (type) {
    case ncclUint8:
      return MPI_UINT8_T;
    case ncclInt32:
      return MPI_INT32_T;
    case ncclInt64:
      return MPI_INT64_T;
    case ncclFloat32:
      return MPI_FLOAT;
    case ncclFloat64:
      return MPI_DOUBLE;
    default:
      return MPI_DATATYPE_NULL;
  }
}

MPI_Op mpi_op(ncclRedOp_t op) {
  return op == ncclSum ? MPI_SUM : op == ncclMin ? MPI_MIN : MPI_MAX;
}

ncclResult_t enqueue(const char* name, ncclComm_t comm, std::function<ncclResult_t()> call) {
  if (refused(name) || comm == nullptr) return ncclInvalidArgument;
  queue().push_back({comm, std::move(call)});
  return ncclSuccess;
}

ncclResult_t release(ncclComm_t comm, int& counter) {
  if (comm == nullptr) return ncclInvalidArgument;
  if (comm->mpi != MPI_COMM_NULL) MPI_Comm_free(&comm->mpi);
  delete comm;
  ++counter;
  return ncclSuccess;
}

}  // namespace

Faults& faults() {
  static Faults value;
  return value;
}

Counts& counts() {
  static Counts value;
  return value;
}

void reset() {
  faults() = {};
  counts() = {};
  queue().clear();
}

}  // namespace alarm_dist::testing::fake_nccl

namespace fake = alarm_dist::testing::fake_nccl;

extern "C" {

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  ++fake::counts().ids;
  *id = fake::make_id();
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int size, ncclUniqueId id, int rank,
                                    ncclConfig_t* config) {
  if (fake::refused("ncclCommInitRankConfig") || config->blocking != 0) return ncclInvalidArgument;
  fake::faults().on_connect();
  *comm = new ncclComm{fake::connect(id, rank, size), fake::kPolls};
  ++fake::counts().connected;
  return ncclInProgress;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
  if (comm == nullptr) return ncclInvalidArgument;
  const bool busy = fake::faults().never_connects || comm->polls_in_progress > 0;
  if (comm->polls_in_progress > 0) --comm->polls_in_progress;
  *state = busy ? ncclInProgress : fake::faults().async_error;
  return ncclSuccess;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  return fake::release(comm, fake::counts().destroyed);
}
ncclResult_t ncclCommAbort(ncclComm_t comm) { return fake::release(comm, fake::counts().aborted); }

const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclInvalidArgument ? "invalid argument"
         : result == ncclRemoteError   ? "remote process exited"
                                       : "error";
}
const char* ncclGetLastError(ncclComm_t /*comm*/) { return "told by the fake NCCL"; }

ncclResult_t ncclGroupStart() {
  ++fake::counts().groups_open;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  if (fake::counts().groups_open <= 0) return ncclInvalidUsage;
  if (--fake::counts().groups_open > 0) return ncclSuccess;
  for (auto& [comm, call] : std::exchange(fake::queue(), {})) {
    if (const ncclResult_t result = call(); result != ncclSuccess) return result;
    comm->polls_in_progress = fake::kPolls;
  }
  return ncclInProgress;
}

ncclResult_t ncclAllReduce(const void* from, void* to, size_t count, ncclDataType_t type,
                           ncclRedOp_t op, ncclComm_t comm, cudaStream_t /*stream*/) {
  return fake::enqueue("ncclAllReduce", comm, [=] {
    const void* source = from == to ? MPI_IN_PLACE : from;
    return fake::result_of(MPI_Allreduce(source, to, static_cast<int>(count), fake::reducible(type),
                                         fake::mpi_op(op), comm->mpi));
  });
}

ncclResult_t ncclBroadcast(const void* from, void* to, size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t /*stream*/) {
  if (from != to) return ncclInvalidUsage;  // the code under test broadcasts in place
  return fake::enqueue("ncclBroadcast", comm, [=] {
    return fake::result_of(MPI_Bcast(to, static_cast<int>(count) * fake::element_bytes(type),
                                     MPI_BYTE, root, comm->mpi));
  });
}

ncclResult_t ncclAllGather(const void* from, void* to, size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t /*stream*/) {
  return fake::enqueue("ncclAllGather", comm, [=] {
    const int bytes = static_cast<int>(count) * fake::element_bytes(type);
    return fake::result_of(MPI_Allgather(from, bytes, MPI_BYTE, to, bytes, MPI_BYTE, comm->mpi));
  });
}

ncclResult_t ncclReduceScatter(const void* from, void* to, size_t count, ncclDataType_t type,
                               ncclRedOp_t op, ncclComm_t comm, cudaStream_t /*stream*/) {
  return fake::enqueue("ncclReduceScatter", comm, [=] {
    return fake::result_of(MPI_Reduce_scatter_block(
        from, to, static_cast<int>(count), fake::reducible(type), fake::mpi_op(op), comm->mpi));
  });
}

}  // extern "C"
