// SPDX-License-Identifier: Apache-2.0
#include "comm/nccl_handles.hpp"

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"

namespace alarm_dist {
namespace {

void warn_unless_done(ncclResult_t code, const char* call) {
  if (code != ncclSuccess && code != ncclInProgress)
    log::warn("{}: {}", call, ncclGetErrorString(code));
}

}  // namespace

void check_nccl(ncclResult_t code, const char* call, int rank) {
  if (code == ncclSuccess || code == ncclInProgress) return;
  const char* detail = ncclGetLastError(nullptr);
  throw Error(
      fmt::format("rank {}: {} failed: {} ({})", rank, call, ncclGetErrorString(code),
                  detail != nullptr && *detail != '\0' ? detail : "set NCCL_DEBUG=INFO for more"),
      ExitCode::kPeerFailed);
}

ncclResult_t NcclComm::state() const {
  ncclResult_t state = ncclSuccess;
  const ncclResult_t asked = ncclCommGetAsyncError(comm_, &state);
  return asked == ncclSuccess ? state : asked;
}

void NcclComm::abort() noexcept {
  if (comm_ != nullptr)
    warn_unless_done(ncclCommAbort(std::exchange(comm_, nullptr)), "ncclCommAbort");
}

void NcclComm::destroy() noexcept {
  if (comm_ != nullptr)
    warn_unless_done(ncclCommDestroy(std::exchange(comm_, nullptr)), "ncclCommDestroy");
}

}  // namespace alarm_dist
