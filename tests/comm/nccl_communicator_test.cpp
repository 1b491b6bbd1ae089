// SPDX-License-Identifier: Apache-2.0
// Bootstrap, errors, abort and teardown of NcclCommunicator, with faults that the fake NCCL makes.
#include "comm/nccl_communicator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "comm/fake_seam.hpp"
#include "comm/mpi_communicator.hpp"
#include "comm/nccl_handles.hpp"
#include "comm/sample_tensors.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Counts what the bootstrap does on the host.
class CountingHost : public Communicator {
 public:
  explicit CountingHost(int& barriers)
      : inner_(make_mpi_communicator(MpiComm::duplicate(MPI_COMM_WORLD))), barriers_(barriers) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  c10::Device device() const override { return inner_->device(); }
  void all_reduce(at::Tensor& tensor, ReduceOp op) override { inner_->all_reduce(tensor, op); }
  void broadcast(at::Tensor& tensor, int root) override { inner_->broadcast(tensor, root); }
  void all_gather(const at::Tensor& mine, at::Tensor& all) override {
    inner_->all_gather(mine, all);
  }
  void reduce_scatter(const at::Tensor& all, at::Tensor& mine, ReduceOp op) override {
    inner_->reduce_scatter(all, mine, op);
  }
  void barrier() override {
    inner_->barrier();
    ++barriers_;
  }
  std::unique_ptr<Communicator> split(int colour, int key) override {
    return inner_->split(colour, key);
  }

 private:
  std::unique_ptr<Communicator> inner_;
  int& barriers_;
};

class NcclCommunicatorTest : public ::testing::Test {
 protected:
  NcclCommunicatorTest() { fake_nccl::reset(); }
  ~NcclCommunicatorTest() override { fake_nccl::reset(); }

  std::unique_ptr<Communicator> make(NcclOptions options = {}) {
    return make_nccl_communicator(std::make_unique<CountingHost>(barriers_),
                                  std::make_shared<FakeSeam>(), options);
  }
  static std::string failure_of(Communicator& comm) {
    at::Tensor tensor = at::ones({3});
    try {
      comm.all_reduce(tensor, ReduceOp::kSum);
    } catch (const Error& error) {
      return error.what();
    }
    return "no failure";
  }

  int barriers_ = 0;
};

TEST_F(NcclCommunicatorTest, WaitsForAllBeforeItConnects) {
  int barriers_at_connect = -1;
  fake_nccl::faults().on_connect = [&] { barriers_at_connect = barriers_; };

  const auto comm = make();

  EXPECT_EQ(barriers_at_connect, 1);
  EXPECT_EQ(fake_nccl::counts().ids, comm->rank() == 0 ? 1 : 0);
}

TEST_F(NcclCommunicatorTest, DestroysAHealthyCommunicator) {
  make().reset();

  EXPECT_EQ(fake_nccl::counts().destroyed, 1);
  EXPECT_EQ(fake_nccl::counts().aborted, 0);
}

TEST_F(NcclCommunicatorTest, ARefusedCallNamesRankAndCallAndAborts) {
  auto comm = make();
  fake_nccl::faults().refused_call = "ncclAllReduce";

  EXPECT_THAT(failure_of(*comm),
              AllOf(HasSubstr("ncclAllReduce"), HasSubstr("rank " + std::to_string(comm->rank())),
                    HasSubstr("invalid argument"), HasSubstr("told by the fake")));

  EXPECT_EQ(fake_nccl::counts().aborted, 1);
  EXPECT_EQ(fake_nccl::counts().groups_open, 0) << "the group was left open";
  EXPECT_THAT(failure_of(*comm), HasSubstr("failed before"));
  comm.reset();
  EXPECT_EQ(fake_nccl::counts().destroyed, 0) << "what was aborted must not be destroyed as well";
}

TEST_F(NcclCommunicatorTest, ABackgroundErrorEndsTheWaitAndAborts) {
  const auto comm = make();
  fake_nccl::faults().stream_stuck = true;  // the kernel waits for a peer that has died
  fake_nccl::faults().async_error = ncclRemoteError;

  EXPECT_THAT(failure_of(*comm),
              AllOf(HasSubstr("ncclAllReduce"), HasSubstr("remote process exited")));

  EXPECT_EQ(fake_nccl::counts().aborted, 1);
}

TEST_F(NcclCommunicatorTest, GivesUpOnPeersThatNeverConnect) {
  fake_nccl::faults().never_connects = true;

  try {
    make({.connect_timeout_s = 0.1});
    ADD_FAILURE() << "it connected";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("did not connect"));
  }

  EXPECT_EQ(fake_nccl::counts().aborted, 1);
}

TEST_F(NcclCommunicatorTest, ARefusedConnectionIsAnError) {
  fake_nccl::faults().refused_call = "ncclCommInitRankConfig";

  EXPECT_THROW(make(), Error);

  EXPECT_EQ(fake_nccl::counts().live(), 0);
}

TEST_F(NcclCommunicatorTest, HandlesMoveWithoutALeak) {
  const auto handle = [] {
    ncclUniqueId id;
    ncclGetUniqueId(&id);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    ncclComm_t raw = nullptr;
    ncclCommInitRankConfig(&raw, 1, id, 0, &config);
    return NcclComm(raw);
  };
  {
    NcclComm first = handle();
    const ncclComm_t raw = first.get();
    NcclComm second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is tested
    NcclComm third = handle();
    third = std::move(second);
    EXPECT_EQ(fake_nccl::counts().destroyed, 1) << "what third had before";
    NcclComm& alias = third;
    third = std::move(alias);
    EXPECT_EQ(third.get(), raw);
  }

  EXPECT_EQ(fake_nccl::counts().live(), 0);
  EXPECT_EQ(fake_nccl::counts().destroyed, 2);
}

}  // namespace
}  // namespace alarm_dist::testing
