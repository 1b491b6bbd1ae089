// SPDX-License-Identifier: Apache-2.0
#include "comm/local_communicator.hpp"

#include <ATen/core/grad_mode.h>

#include "comm/checks.hpp"

namespace alarm_dist {
namespace {

class LocalCommunicator : public Communicator {
 public:
  explicit LocalCommunicator(c10::Device device) : device_(device) {}

  int rank() const override { return 0; }
  int size() const override { return 1; }
  c10::Device device() const override { return device_; }

  void all_reduce(at::Tensor& tensor, ReduceOp op) override {
    check_reduction(*this, tensor, op, "all_reduce");
  }
  void broadcast(at::Tensor& tensor, int root) override {
    check_tensor(*this, tensor, "broadcast");
    check_root(*this, root, "broadcast");
  }
  void all_gather(const at::Tensor& mine, at::Tensor& all) override {
    check_parts(*this, all, mine, "all_gather");
    copy(mine, all);
  }
  void reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) override {
    check_reduction(*this, all, op, "reduce_scatter");
    check_parts(*this, all, mine, "reduce_scatter");
    copy(all, mine);
  }
  void barrier() override {}
  std::unique_ptr<Communicator> split(int colour, int /*key*/) override {
    return colour < 0 ? nullptr : make_local_communicator(device_);
  }

 private:
  static void copy(const at::Tensor& from, at::Tensor& to) {
    const at::NoGradGuard no_grad;
    to.view(-1).copy_(from.view(-1));
  }

  c10::Device device_;
};

}  // namespace

std::unique_ptr<Communicator> make_local_communicator(c10::Device device) {
  return std::make_unique<LocalCommunicator>(device);
}

}  // namespace alarm_dist
