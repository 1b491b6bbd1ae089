// SPDX-License-Identifier: Apache-2.0
#include "comm/checks.hpp"

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

bool is_supported(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
    case at::kDouble:
    case at::kBFloat16:
    case at::kHalf:
    case at::kInt:
    case at::kLong:
    case at::kByte:
    case at::kBool:
      return true;
    default:
      return false;
  }
}

}  // namespace

void check_tensor(const Communicator& communicator, const at::Tensor& tensor,
                  std::string_view operation) {
  const int rank = communicator.rank();
  ALARM_CHECK(tensor.defined(), "rank {}: {} of an undefined tensor", rank, operation);
  ALARM_CHECK(tensor.device() == communicator.device(),
              "rank {}: {} wants a tensor on {}, it is on {}", rank, operation,
              communicator.device().str(), tensor.device().str());
  ALARM_CHECK(tensor.is_contiguous(), "rank {}: {} wants a contiguous tensor", rank, operation);
  ALARM_CHECK(is_supported(tensor.scalar_type()), "rank {}: {} does not support type {}", rank,
              operation, at::toString(tensor.scalar_type()));
}

void check_reduction(const Communicator& communicator, const at::Tensor& tensor, ReduceOp op,
                     std::string_view operation) {
  check_tensor(communicator, tensor, operation);
  ALARM_CHECK(tensor.scalar_type() != at::kBool || op != ReduceOp::kSum,
              "rank {}: {} of booleans is max (or) or min (and), not sum", communicator.rank(),
              operation);
}

void check_root(const Communicator& communicator, int root, std::string_view operation) {
  ALARM_CHECK(root >= 0 && root < communicator.size(), "rank {}: {} from root {} in a group of {}",
              communicator.rank(), operation, root, communicator.size());
}

void check_parts(const Communicator& communicator, const at::Tensor& all, const at::Tensor& mine,
                 std::string_view operation) {
  check_tensor(communicator, all, operation);
  check_tensor(communicator, mine, operation);
  ALARM_CHECK(all.scalar_type() == mine.scalar_type(), "rank {}: {} between types {} and {}",
              communicator.rank(), operation, at::toString(all.scalar_type()),
              at::toString(mine.scalar_type()));
  ALARM_CHECK(all.numel() == mine.numel() * communicator.size(),
              "rank {}: {} wants {} x {} elements for all ranks, the tensor has {}",
              communicator.rank(), operation, communicator.size(), mine.numel(), all.numel());
}

at::Tensor widened(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type();
  return type == at::kBFloat16 || type == at::kHalf ? tensor.to(at::kFloat) : tensor;
}

}  // namespace alarm_dist
