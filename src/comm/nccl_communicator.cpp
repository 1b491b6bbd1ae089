// SPDX-License-Identifier: Apache-2.0
#include "comm/nccl_communicator.hpp"

#include <cstring>
#include <thread>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include "alarm/base/clock.hpp"
#include "alarm/base/error.hpp"

#include "comm/checks.hpp"
#include "comm/nccl_handles.hpp"

namespace alarm_dist {
namespace {

ncclDataType_t nccl_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return ncclFloat32;
    case at::kDouble:
      return ncclFloat64;
    case at::kBFloat16:
      return ncclBfloat16;
    case at::kHalf:
      return ncclFloat16;
    case at::kInt:
      return ncclInt32;
    case at::kLong:
      return ncclInt64;
    case at::kByte:
    case at::kBool:
      return ncclUint8;
    default:
      throw Error(fmt::format("no NCCL type for {}", at::toString(type)));
  }
}

ncclRedOp_t nccl_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return ncclSum;
    case ReduceOp::kMin:
      return ncclMin;
    case ReduceOp::kMax:
      return ncclMax;
  }
  throw Error("no NCCL reduction for this operation");
}

std::size_t count_of(const at::Tensor& tensor) { return static_cast<std::size_t>(tensor.numel()); }

// Rank 0 makes the id of the group and the host communicator carries it.
ncclUniqueId agree_on_id(Communicator& host) {
  ncclUniqueId id{};
  if (host.rank() == 0) check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId", host.rank());
  const auto raw = std::as_bytes(std::span(&id, 1));
  const Bytes shared = broadcast_bytes(host, Bytes(raw.begin(), raw.end()), 0);
  std::memcpy(&id, shared.data(), sizeof(id));
  host.barrier();  // without it the bootstrap was seen to hang at scale (NVIDIA/cuDecomp, pull
                   // request 24)
  return id;
}

NcclComm connect(Communicator& host, const NcclOptions& options) {
  const ncclUniqueId id = agree_on_id(host);
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;  // so that a peer that never comes can be given up on
  ncclComm_t raw = nullptr;
  const ncclResult_t begun = ncclCommInitRankConfig(&raw, host.size(), id, host.rank(), &config);
  NcclComm comm(raw);
  try {
    check_nccl(begun, "ncclCommInitRankConfig", host.rank());
    const Stopwatch watch;
    while (comm.state() == ncclInProgress) {
      ALARM_CHECK(watch.seconds() < options.connect_timeout_s,
                  "rank {}: NCCL did not connect {} ranks within {} s", host.rank(), host.size(),
                  options.connect_timeout_s);
      std::this_thread::yield();
    }
    check_nccl(comm.state(), "ncclCommInitRankConfig", host.rank());
  } catch (...) {
    comm.abort();
    throw;
  }
  return comm;
}

class NcclCommunicator : public Communicator {
 public:
  NcclCommunicator(std::unique_ptr<Communicator> host, std::shared_ptr<DeviceSeam> seam,
                   NcclOptions options)
      : host_(std::move(host)),
        seam_(std::move(seam)),
        options_(options),
        comm_(connect(*host_, options)) {}

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }
  c10::Device device() const override { return seam_->device(); }

  void all_reduce(at::Tensor& tensor, ReduceOp op) override;
  void broadcast(at::Tensor& tensor, int root) override;
  void all_gather(const at::Tensor& mine, at::Tensor& all) override;
  void reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) override;
  void barrier() override {
    at::Tensor token = at::zeros({1}, at::TensorOptions(at::kInt).device(device()));
    all_reduce(token, ReduceOp::kSum);
  }
  std::unique_ptr<Communicator> split(int colour, int key) override {
    auto host = host_->split(colour, key);
    return host ? make_nccl_communicator(std::move(host), seam_, options_) : nullptr;
  }

 private:
  // Queues the call on the stream and waits for the device.
  template <typename Enqueue>
  void run(const char* call, Enqueue&& enqueue);
  // Waits until done(), or throws what went wrong in the background.
  template <typename Done>
  void wait(const char* call, Done&& done);
  cudaStream_t stream() const { return static_cast<cudaStream_t>(seam_->stream()); }

  std::unique_ptr<Communicator> host_;
  std::shared_ptr<DeviceSeam> seam_;
  NcclOptions options_;
  NcclComm comm_;
};

template <typename Enqueue>
void NcclCommunicator::run(const char* call, Enqueue&& enqueue) {
  ALARM_CHECK(comm_, "rank {}: {} on a communicator that failed before", rank(), call);
  try {
    check_nccl(ncclGroupStart(), "ncclGroupStart", rank());
    const ncclResult_t queued = enqueue();
    const ncclResult_t launched =
        ncclGroupEnd();  // a group that was started ends, whatever happened inside
    check_nccl(queued, call, rank());
    check_nccl(launched, call, rank());
    wait(call, [&] {
      return comm_.state() != ncclInProgress;
    });  // the launch itself is in the background
    wait(call, [&] { return seam_->finished(); });
  } catch (...) {
    comm_.abort();
    throw;
  }
}

template <typename Done>
void NcclCommunicator::wait(const char* call, Done&& done) {
  while (!done()) {
    check_nccl(comm_.state(), call, rank());
    std::this_thread::yield();
  }
  check_nccl(comm_.state(), call, rank());
}

void NcclCommunicator::all_reduce(at::Tensor& tensor, ReduceOp op) {
  const at::NoGradGuard no_grad;
  check_reduction(*this, tensor, op, "all_reduce");
  if (tensor.numel() == 0) return;
  const at::Tensor work = widened(tensor);
  run("ncclAllReduce", [&] {
    return ncclAllReduce(work.const_data_ptr(), work.mutable_data_ptr(), count_of(work),
                         nccl_type(work.scalar_type()), nccl_op(op), comm_.get(), stream());
  });
  if (!work.is_same(tensor)) tensor.copy_(work);
}

void NcclCommunicator::broadcast(at::Tensor& tensor, int root) {
  check_tensor(*this, tensor, "broadcast");
  check_root(*this, root, "broadcast");
  if (tensor.numel() == 0) return;
  run("ncclBroadcast", [&] {
    return ncclBroadcast(tensor.const_data_ptr(), tensor.mutable_data_ptr(), count_of(tensor),
                         nccl_type(tensor.scalar_type()), root, comm_.get(), stream());
  });
}

void NcclCommunicator::all_gather(const at::Tensor& mine, at::Tensor& all) {
  check_parts(*this, all, mine, "all_gather");
  if (mine.numel() == 0) return;
  run("ncclAllGather", [&] {
    return ncclAllGather(mine.const_data_ptr(), all.mutable_data_ptr(), count_of(mine),
                         nccl_type(mine.scalar_type()), comm_.get(), stream());
  });
}

void NcclCommunicator::reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) {
  const at::NoGradGuard no_grad;
  check_reduction(*this, all, op, "reduce_scatter");
  check_parts(*this, all, mine, "reduce_scatter");
  if (mine.numel() == 0) return;
  const at::Tensor from = widened(all);
  const at::Tensor into = from.is_same(all) ? mine : mine.to(from.scalar_type());
  run("ncclReduceScatter", [&] {
    return ncclReduceScatter(from.const_data_ptr(), into.mutable_data_ptr(), count_of(into),
                             nccl_type(from.scalar_type()), nccl_op(op), comm_.get(), stream());
  });
  if (!into.is_same(mine)) mine.copy_(into);
}

}  // namespace

std::unique_ptr<Communicator> make_nccl_communicator(std::unique_ptr<Communicator> host,
                                                     std::shared_ptr<DeviceSeam> seam,
                                                     NcclOptions options) {
  return std::make_unique<NcclCommunicator>(std::move(host), std::move(seam), options);
}

}  // namespace alarm_dist
