// SPDX-License-Identifier: Apache-2.0
// Collectives on bytes and numbers, built on those on tensors: they work over every Communicator.
#include <algorithm>
#include <cstring>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include "alarm/base/error.hpp"
#include "alarm/comm/communicator.hpp"

namespace alarm_dist {
namespace {

at::Tensor host_bytes(std::int64_t size) { return at::empty({size}, at::kByte); }

void copy_in(at::Tensor& tensor, std::span<const std::byte> bytes) {
  if (!bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
}

Bytes copy_out(const at::Tensor& tensor, std::int64_t begin, std::int64_t size) {
  const auto* data = static_cast<const std::byte*>(tensor.const_data_ptr()) + begin;
  return size == 0 ? Bytes{} : Bytes(data, data + size);
}

at::Tensor gather_sizes(Communicator& communicator, std::int64_t mine) {
  const auto options = at::TensorOptions(at::kLong).device(communicator.device());
  const at::Tensor size = at::full({1}, mine, options);
  at::Tensor sizes = at::empty({communicator.size()}, options);
  communicator.all_gather(size, sizes);
  return sizes.cpu();
}

}  // namespace

std::vector<Bytes> gather_bytes(Communicator& communicator, std::span<const std::byte> mine) {
  const at::Tensor sizes = gather_sizes(communicator, static_cast<std::int64_t>(mine.size()));
  const auto* size = sizes.const_data_ptr<std::int64_t>();
  const std::int64_t largest = *std::max_element(size, size + communicator.size());

  at::Tensor part = host_bytes(largest);
  part.zero_();
  copy_in(part, mine);
  part = part.to(communicator.device());
  at::Tensor all = at::empty({communicator.size() * largest}, part.options());
  communicator.all_gather(part, all);

  all = all.cpu();
  std::vector<Bytes> parts;
  parts.reserve(static_cast<std::size_t>(communicator.size()));
  for (int rank = 0; rank < communicator.size(); ++rank) {
    parts.push_back(copy_out(all, rank * largest, size[rank]));
  }
  return parts;
}

Bytes broadcast_bytes(Communicator& communicator, Bytes bytes, int root) {
  const auto device = communicator.device();
  at::Tensor size = at::full({1}, static_cast<std::int64_t>(bytes.size()),
                             at::TensorOptions(at::kLong).device(device));
  communicator.broadcast(size, root);

  const bool is_root = communicator.rank() == root;
  at::Tensor data = host_bytes(size.cpu().const_data_ptr<std::int64_t>()[0]);
  if (is_root) copy_in(data, bytes);
  data = data.to(device);
  communicator.broadcast(data, root);
  return is_root ? std::move(bytes) : copy_out(data.cpu(), 0, data.numel());
}

double sum_over_ranks(Communicator& communicator, double value) {
  at::Tensor sum =
      at::full({1}, value, at::TensorOptions(at::kDouble).device(communicator.device()));
  communicator.all_reduce(sum, ReduceOp::kSum);
  return sum.cpu().const_data_ptr<double>()[0];
}

}  // namespace alarm_dist
