// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi_handles.hpp"

#include <string>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

bool is_finalized() {
  int finalized = 0;
  return MPI_Finalized(&finalized) != MPI_SUCCESS || finalized != 0;
}

}  // namespace

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) [[likely]] {
    return;
  }
  std::string text(MPI_MAX_ERROR_STRING, '\0');
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  text.resize(static_cast<std::size_t>(length));
  int rank = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  throw Error(fmt::format("rank {}: {} failed: {}", rank, call, text), ExitCode::kPeerFailed);
}

MpiComm::MpiComm(MPI_Comm owned) : comm_(owned) {
  if (comm_ != MPI_COMM_NULL)
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

MpiComm MpiComm::duplicate(MPI_Comm other) {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(other, &copy), "MPI_Comm_dup");
  return MpiComm(copy);
}

int MpiComm::rank() const {
  int rank = 0;
  check_mpi(MPI_Comm_rank(comm_, &rank), "MPI_Comm_rank");
  return rank;
}

int MpiComm::size() const {
  int size = 0;
  check_mpi(MPI_Comm_size(comm_, &size), "MPI_Comm_size");
  return size;
}

MpiComm MpiComm::split(int colour, int key) const {
  MPI_Comm part = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(comm_, colour < 0 ? MPI_UNDEFINED : colour, key, &part),
            "MPI_Comm_split");
  return MpiComm(part);
}

MpiComm MpiComm::split_by_node() const {
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank(), MPI_INFO_NULL, &node),
            "MPI_Comm_split_type");
  return MpiComm(node);
}

void MpiComm::free() noexcept {
  if (comm_ != MPI_COMM_NULL && !is_finalized()) MPI_Comm_free(&comm_);
  comm_ = MPI_COMM_NULL;
}

MpiOp::MpiOp(MPI_User_function* function) {
  check_mpi(MPI_Op_create(function, /*commute=*/1, &op_), "MPI_Op_create");
}

void MpiOp::free() noexcept {
  if (op_ != MPI_OP_NULL && !is_finalized()) MPI_Op_free(&op_);
  op_ = MPI_OP_NULL;
}

}  // namespace alarm_dist
