// SPDX-License-Identifier: Apache-2.0
#include "comm/thread_communicator.hpp"

#include <algorithm>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>

#include "comm/checks.hpp"

namespace alarm_dist {
namespace {

void accumulate(at::Tensor& total, const at::Tensor& part, ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      total.add_(part);
      return;
    case ReduceOp::kMin:
      total = at::minimum(total, part);
      return;
    case ReduceOp::kMax:
      total = at::maximum(total, part);
      return;
  }
}

class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<ThreadHub> hub, int rank)
      : hub_(std::move(hub)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return hub_->size(); }
  c10::Device device() const override { return c10::kCPU; }

  void all_reduce(at::Tensor& tensor, ReduceOp op) override {
    const at::NoGradGuard no_grad;
    check_reduction(*this, tensor, op, "all_reduce");
    meet("all_reduce", static_cast<int>(op), tensor);
    const at::Tensor total = reduce(op, 0, tensor.numel());
    hub_->leave(rank_);  // the others still read this tensor until here
    tensor.view(-1).copy_(total);
  }

  void broadcast(at::Tensor& tensor, int root) override {
    const at::NoGradGuard no_grad;
    check_tensor(*this, tensor, "broadcast");
    check_root(*this, root, "broadcast");
    meet("broadcast", root, tensor);
    if (rank_ != root) tensor.view(-1).copy_(brought(root));
    hub_->leave(rank_);
  }

  void all_gather(const at::Tensor& mine, at::Tensor& all) override {
    const at::NoGradGuard no_grad;
    check_parts(*this, all, mine, "all_gather");
    meet("all_gather", 0, mine);
    const at::Tensor flat = all.view(-1);
    for (int rank = 0; rank < size(); ++rank) {
      flat.narrow(0, rank * mine.numel(), mine.numel()).copy_(brought(rank));
    }
    hub_->leave(rank_);
  }

  void reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) override {
    const at::NoGradGuard no_grad;
    check_reduction(*this, all, op, "reduce_scatter");
    check_parts(*this, all, mine, "reduce_scatter");
    meet("reduce_scatter", static_cast<int>(op), all);
    const at::Tensor total = reduce(op, rank_ * mine.numel(), mine.numel());
    hub_->leave(rank_);
    mine.view(-1).copy_(total);
  }

  void barrier() override {
    hub_->meet(rank_, {.operation = "barrier"});
    hub_->leave(rank_);
  }

  std::unique_ptr<Communicator> split(int colour, int key) override;

 private:
  void meet(std::string_view operation, int argument, const at::Tensor& tensor) {
    hub_->meet(rank_, {.operation = operation, .argument = argument, .tensor = tensor});
  }
  at::Tensor brought(int rank) const { return hub_->call(rank).tensor.view(-1); }
  // Elements [begin, begin + count) of what the ranks brought, reduced in rank order.
  at::Tensor reduce(ReduceOp op, std::int64_t begin, std::int64_t count) const;
  // Ranks of this colour in their new order.
  std::vector<int> members(int colour) const;

  std::shared_ptr<ThreadHub> hub_;
  int rank_;
};

at::Tensor ThreadCommunicator::reduce(ReduceOp op, std::int64_t begin, std::int64_t count) const {
  at::Tensor total = widened(brought(0).narrow(0, begin, count).clone());
  for (int rank = 1; rank < size(); ++rank)
    accumulate(total, brought(rank).narrow(0, begin, count), op);
  return total;
}

std::vector<int> ThreadCommunicator::members(int colour) const {
  std::vector<int> ranks;
  for (int rank = 0; rank < size(); ++rank) {
    if (hub_->call(rank).colour == colour) ranks.push_back(rank);
  }
  std::stable_sort(ranks.begin(), ranks.end(),
                   [&](int a, int b) { return hub_->call(a).key < hub_->call(b).key; });
  return ranks;
}

std::unique_ptr<Communicator> ThreadCommunicator::split(int colour, int key) {
  hub_->meet(rank_, {.operation = "split", .colour = colour, .key = key});
  const std::vector<int> group = members(colour);
  const bool leads = group.front() == rank_;
  if (colour >= 0 && leads) {
    hub_->call(rank_).group =
        std::make_shared<ThreadHub>(static_cast<int>(group.size()), hub_->failed());
  }
  hub_->leave(rank_);  // the leaders have made the new hubs
  std::shared_ptr<ThreadHub> hub = hub_->call(group.front()).group;
  hub_->leave(rank_);  // everybody has taken his
  if (colour < 0) return nullptr;
  const auto place = std::find(group.begin(), group.end(), rank_) - group.begin();
  return make_thread_communicator(std::move(hub), static_cast<int>(place));
}

}  // namespace

std::unique_ptr<Communicator> make_thread_communicator(std::shared_ptr<ThreadHub> hub, int rank) {
  return std::make_unique<ThreadCommunicator>(std::move(hub), rank);
}

}  // namespace alarm_dist
