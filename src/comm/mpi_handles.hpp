// SPDX-License-Identifier: Apache-2.0
// MPI handles that free themselves, and MPI's return codes as Errors. Only functions of the MPI 3.1
// standard.
#pragma once

#include <utility>

#include <mpi.h>

namespace alarm_dist {

// Throws Error that names the rank of the world and the call unless code is MPI_SUCCESS.
void check_mpi(int code, const char* call);

// An owned communicator whose errors are returned, not fatal. Freeing is local in every MPI we know
// of (the standard's advice to implementors, section 6.4.3), and left out once MPI is finalised.
class MpiComm {
 public:
  MpiComm() = default;
  explicit MpiComm(MPI_Comm owned);
  static MpiComm duplicate(MPI_Comm other);  // collective
  ~MpiComm() { free(); }
  MpiComm(MpiComm&& other) noexcept : comm_(std::exchange(other.comm_, MPI_COMM_NULL)) {}
  MpiComm& operator=(MpiComm&& other) noexcept {
    if (this != &other) {
      free();
      comm_ = std::exchange(other.comm_, MPI_COMM_NULL);
    }
    return *this;
  }
  MpiComm(const MpiComm&) = delete;
  MpiComm& operator=(const MpiComm&) = delete;

  MPI_Comm get() const { return comm_; }
  explicit operator bool() const { return comm_ != MPI_COMM_NULL; }
  int rank() const;
  int size() const;
  // A negative colour gets an empty handle. Collective.
  MpiComm split(int colour, int key) const;
  // The ranks that share memory with this one. Collective.
  MpiComm split_by_node() const;

 private:
  void free() noexcept;

  MPI_Comm comm_ = MPI_COMM_NULL;
};

// An owned reduction operator; the function must be commutative.
class MpiOp {
 public:
  explicit MpiOp(MPI_User_function* function);
  ~MpiOp() { free(); }
  MpiOp(MpiOp&& other) noexcept : op_(std::exchange(other.op_, MPI_OP_NULL)) {}
  MpiOp& operator=(MpiOp&& other) noexcept {
    if (this != &other) {
      free();
      op_ = std::exchange(other.op_, MPI_OP_NULL);
    }
    return *this;
  }
  MpiOp(const MpiOp&) = delete;
  MpiOp& operator=(const MpiOp&) = delete;

  MPI_Op get() const { return op_; }

 private:
  void free() noexcept;

  MPI_Op op_ = MPI_OP_NULL;
};

}  // namespace alarm_dist
