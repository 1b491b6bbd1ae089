// SPDX-License-Identifier: Apache-2.0
// Collectives on tensors between the ranks of a group.
//
// One small interface; local (size 1), threads (tests), MPI (host memory) and NCCL (device memory)
// implement it, and callers never ask which one they hold. Ragged data go through a Mailbox or
// gather_bytes. Tracing, deadlines and ledgers are Communicators that wrap one
// (alarm/comm/deadline.hpp).
//
// Rules: every rank of the group calls the same operations in the same order, with tensors of the
// same type and size, contiguous and on device(). Results are the same bits on every rank. One
// thread a rank. A failure throws Error with the rank and the operation; after that the
// communicator can only be destroyed. Destruction is not collective.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/base/bytes.hpp"

namespace alarm_dist {

enum class ReduceOp { kSum, kMin, kMax };
std::string_view to_string(ReduceOp op);

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual c10::Device device() const = 0;

  // Types: float32, float64, bfloat16, float16 (reduced in float32), int32, int64, uint8, bool
  // (kMax, kMin only).
  virtual void all_reduce(at::Tensor& tensor, ReduceOp op) = 0;  // in place
  virtual void broadcast(at::Tensor& tensor, int root) = 0;      // in place
  // all.numel() == size() * mine.numel(); the parts lie in rank order.
  virtual void all_gather(const at::Tensor& mine, at::Tensor& all) = 0;
  virtual void reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) = 0;
  virtual void barrier() = 0;

  // Ranks of equal colour form a group, ordered by (key, rank). A negative colour belongs to none
  // and gets nullptr.
  virtual std::unique_ptr<Communicator> split(int colour, int key) = 0;

 protected:
  Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
};

// The bytes of every rank, in rank order; sizes may differ. Collective.
std::vector<Bytes> gather_bytes(Communicator& communicator, std::span<const std::byte> mine);
// Rank root's bytes, on every rank. Collective.
Bytes broadcast_bytes(Communicator& communicator, Bytes bytes, int root);
// Sum over ranks of one number. Collective.
double sum_over_ranks(Communicator& communicator, double value);

}  // namespace alarm_dist
