// SPDX-License-Identifier: Apache-2.0
// A NCCL communicator that frees itself, and NCCL's return codes as Errors.
#pragma once

#include <utility>

#include <nccl.h>

namespace alarm_dist {

// Throws Error that names the rank and the call unless code is ncclSuccess or ncclInProgress.
void check_nccl(ncclResult_t code, const char* call, int rank);

// Destroyed at its end, or aborted before: a broken communicator must be aborted, destroying it
// waits for its kernels.
class NcclComm {
 public:
  NcclComm() = default;
  explicit NcclComm(ncclComm_t owned) : comm_(owned) {}
  ~NcclComm() { destroy(); }
  NcclComm(NcclComm&& other) noexcept : comm_(std::exchange(other.comm_, nullptr)) {}
  NcclComm& operator=(NcclComm&& other) noexcept {
    if (this != &other) {
      destroy();
      comm_ = std::exchange(other.comm_, nullptr);
    }
    return *this;
  }
  NcclComm(const NcclComm&) = delete;
  NcclComm& operator=(const NcclComm&) = delete;

  ncclComm_t get() const { return comm_; }
  explicit operator bool() const { return comm_ != nullptr; }
  // ncclSuccess, ncclInProgress or what went wrong in the background.
  ncclResult_t state() const;
  void abort() noexcept;

 private:
  void destroy() noexcept;

  ncclComm_t comm_ = nullptr;
};

}  // namespace alarm_dist
