// SPDX-License-Identifier: Apache-2.0
#include "alarm/comm/deadline.hpp"

#include <utility>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include "comm/watchdog.hpp"

namespace alarm_dist {
namespace {

class DeadlineCommunicator : public Communicator {
 public:
  DeadlineCommunicator(std::unique_ptr<Communicator> inner, std::shared_ptr<Watchdog> watchdog)
      : inner_(std::move(inner)), watchdog_(std::move(watchdog)) {}

  // The ranks of the group agree on its number and learn who of the world they are. Collective.
  void form_group();

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  c10::Device device() const override { return inner_->device(); }

  void all_reduce(at::Tensor& tensor, ReduceOp op) override {
    in_time("all_reduce", [&] { inner_->all_reduce(tensor, op); });
  }
  void broadcast(at::Tensor& tensor, int root) override {
    in_time("broadcast", [&] { inner_->broadcast(tensor, root); });
  }
  void all_gather(const at::Tensor& mine, at::Tensor& all) override {
    in_time("all_gather", [&] { inner_->all_gather(mine, all); });
  }
  void reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) override {
    in_time("reduce_scatter", [&] { inner_->reduce_scatter(all, mine, op); });
  }
  void barrier() override {
    in_time("barrier", [&] { inner_->barrier(); });
  }
  std::unique_ptr<Communicator> split(int colour, int key) override {
    std::unique_ptr<DeadlineCommunicator> part;
    in_time("split", [&] {
      auto inner = inner_->split(colour, key);
      if (!inner) return;
      part = std::make_unique<DeadlineCommunicator>(std::move(inner), watchdog_);
      part->agree();
    });
    return part;
  }

 private:
  template <typename Operation>
  void in_time(const char* name, Operation&& operation) {
    const CollectiveEntry entry{group_, ++sequence_, name};
    watchdog_->control().enter_collective(entry);
    const Watchdog::Guard guard(*watchdog_, entry, members_);
    operation();
  }
  void agree();

  std::unique_ptr<Communicator> inner_;
  std::shared_ptr<Watchdog> watchdog_;
  std::int64_t group_ = 0;    // 0 until the group is formed
  std::vector<int> members_;  // ranks of the world
  std::int64_t sequence_ = 0;
};

void DeadlineCommunicator::form_group() {
  in_time("forming a group", [&] { agree(); });
  sequence_ = 0;
}

void DeadlineCommunicator::agree() {
  const auto options = at::TensorOptions(at::kLong).device(device());
  const std::int64_t number = rank() == 0 ? watchdog_->control().claim("comm/groups") + 1 : 0;
  at::Tensor mine = at::full({2}, number, at::TensorOptions(at::kLong));
  mine.mutable_data_ptr<std::int64_t>()[1] = watchdog_->control().rank();
  at::Tensor all = at::empty({size(), 2}, options);
  inner_->all_gather(mine.to(device()), all);

  const at::Tensor host = all.cpu();
  const auto* pairs = host.const_data_ptr<std::int64_t>();
  group_ = pairs[0];
  members_.clear();
  for (int rank = 0; rank < size(); ++rank)
    members_.push_back(static_cast<int>(pairs[2 * rank + 1]));
}

}  // namespace

std::unique_ptr<Communicator> with_deadline(std::unique_ptr<Communicator> communicator,
                                            ControlPlane& control, Deadline deadline) {
  auto guarded = std::make_unique<DeadlineCommunicator>(
      std::move(communicator), std::make_shared<Watchdog>(control, std::move(deadline)));
  guarded->form_group();
  return guarded;
}

}  // namespace alarm_dist
