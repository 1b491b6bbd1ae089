// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/sync.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "alarm/base/digest.hpp"
#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// One message holds at most this many elements: large enough to be bandwidth-bound, small enough to
// stay in memory.
constexpr std::int64_t kBucketElements = 8 << 20;

// Calls body(bucket) for runs of tensors of one type that together hold at most kBucketElements (or
// for one larger tensor).
template <typename Body>
void for_each_bucket(const std::vector<at::Tensor>& tensors, const Body& body) {
  std::vector<at::Tensor> bucket;
  std::int64_t elements = 0;
  for (const auto& tensor : tensors) {
    const bool fits = bucket.empty() || (tensor.scalar_type() == bucket.front().scalar_type() &&
                                         elements + tensor.numel() <= kBucketElements);
    if (!fits) {
      body(bucket);
      bucket.clear();
      elements = 0;
    }
    bucket.push_back(tensor);
    elements += tensor.numel();
  }
  if (!bucket.empty()) body(bucket);
}

at::Tensor flatten(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> flat;
  for (const auto& tensor : tensors) flat.push_back(tensor.reshape({-1}));
  return at::cat(flat);
}

void unflatten(const at::Tensor& flat, std::vector<at::Tensor>& tensors) {
  std::int64_t begin = 0;
  for (auto& tensor : tensors) {
    tensor.copy_(flat.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
    begin += tensor.numel();
  }
}

}  // namespace

void sum_gradients(Communicator& communicator, const std::vector<at::Tensor>& parameters) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (!parameter.grad().defined()) parameter.mutable_grad() = at::zeros_like(parameter);
    gradients.push_back(parameter.grad());
  }
  if (communicator.size() == 1) return;
  for_each_bucket(gradients, [&](std::vector<at::Tensor>& bucket) {
    at::Tensor flat = flatten(bucket);
    communicator.all_reduce(flat, ReduceOp::kSum);
    unflatten(flat, bucket);
  });
}

void broadcast_tensors(Communicator& communicator, const NamedTensors& tensors, int root) {
  if (communicator.size() == 1) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> plain;
  for (const auto& [name, tensor] : tensors) plain.push_back(tensor.detach());
  for_each_bucket(plain, [&](std::vector<at::Tensor>& bucket) {
    at::Tensor flat = flatten(bucket);
    communicator.broadcast(flat, root);
    unflatten(flat, bucket);
  });
}

std::string digest_tensors(const NamedTensors& tensors) {
  std::string digests;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
    digests += name;
    for (const auto size : host.sizes()) digests += fmt::format(" {}", size);
    digests += digest(std::span(static_cast<const std::byte*>(host.data_ptr()), host.nbytes()));
  }
  return digest(digests);
}

void check_same_tensors(Communicator& communicator, const NamedTensors& tensors, int root,
                        const std::string& what) {
  const std::string mine = tensors.empty() ? "" : digest_tensors(tensors);
  const auto all = gather_bytes(communicator, std::as_bytes(std::span(mine)));
  const auto& expected = all[static_cast<std::size_t>(root)];
  std::string different;
  for (std::size_t r = 0; r < all.size(); ++r) {
    if (!all[r].empty() && all[r] != expected) different += fmt::format(" {}", r);
  }
  ALARM_CHECK(different.empty(), "{}: ranks{} hold other weights than rank {}", what, different,
              root);
}

}  // namespace alarm_dist
