// SPDX-License-Identifier: Apache-2.0
// MPI's own matters: results against plain MPI calls, NaN and signed zeros, handles, errors as
// Errors.
#include "comm/mpi_communicator.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "comm/control_bootstrap.hpp"
#include "comm/sample_tensors.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::HasSubstr;

MpiComm world() { return MpiComm::duplicate(MPI_COMM_WORLD); }

at::Tensor wild(std::int64_t size, int rank) {
  return at::sin(at::arange(size, at::kDouble) * (rank + 1)) * 1e3;
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.nbytes() == b.nbytes() &&
         std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

TEST(MpiCommunicator, AgreesWithPlainMpiToTheBit) {
  const auto comm = make_mpi_communicator(world());
  for (const std::int64_t size : {1, 777, 200'001}) {
    at::Tensor sum = wild(size, comm->rank());
    at::Tensor expected = sum.clone();
    at::Tensor mine = at::zeros({size}, at::kDouble);
    const at::Tensor all = wild(size * comm->size(), comm->rank());
    at::Tensor expected_mine = mine.clone();

    comm->all_reduce(sum, ReduceOp::kSum);
    comm->reduce_scatter(all, mine, ReduceOp::kSum);

    MPI_Allreduce(MPI_IN_PLACE, expected.data_ptr(), static_cast<int>(size), MPI_DOUBLE, MPI_SUM,
                  MPI_COMM_WORLD);
    MPI_Reduce_scatter_block(all.const_data_ptr(), expected_mine.data_ptr(), static_cast<int>(size),
                             MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    EXPECT_TRUE(same_bits(sum, expected)) << size;
    EXPECT_TRUE(same_bits(mine, expected_mine)) << size;
  }
}

// Plain MPI_MAX keeps or drops a NaN depending on which side it comes from, so that ranks disagree.
TEST(MpiCommunicator, EveryRankSeesTheNanOfOne) {
  const auto comm = make_mpi_communicator(world());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int culprit = 0; culprit < comm->size(); ++culprit) {
    for (const auto op : {ReduceOp::kMax, ReduceOp::kMin}) {
      for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16}) {
        at::Tensor tensor = at::full({3}, comm->rank() == culprit ? nan : 1.0, type);

        comm->all_reduce(tensor, op);

        EXPECT_TRUE(at::isnan(tensor).all().item<bool>())
            << to_string(op) << ", NaN on rank " << culprit;
      }
    }
  }
}

TEST(MpiCommunicator, OrdersTheZeros) {
  const auto comm = make_mpi_communicator(world());
  if (comm->size() == 1) GTEST_SKIP() << "one rank has one zero";
  for (int positive = 0; positive < comm->size(); ++positive) {
    at::Tensor largest = at::full({1}, comm->rank() == positive ? 0.0 : -0.0, at::kDouble);
    at::Tensor smallest = largest.clone();

    comm->all_reduce(largest, ReduceOp::kMax);
    comm->all_reduce(smallest, ReduceOp::kMin);

    EXPECT_FALSE(std::signbit(largest.item<double>()));
    EXPECT_TRUE(std::signbit(smallest.item<double>()));
  }
}

TEST(MpiCommunicator, ErrorsNameTheRankAndTheCall) {
  try {
    check_mpi(MPI_ERR_COUNT, "MPI_Bcast");
    ADD_FAILURE() << "an error code passed";
  } catch (const Error& error) {
    int rank = -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    EXPECT_THAT(error.what(), HasSubstr("MPI_Bcast failed"));
    EXPECT_THAT(error.what(), HasSubstr("rank " + std::to_string(rank)));
  }
}

TEST(MpiCommunicator, FailedCallsReturnInsteadOfAborting) {
  const MpiComm comm = world();
  int value = 0;

  EXPECT_THROW(check_mpi(MPI_Send(&value, 1, MPI_INT, comm.size(), 0, comm.get()), "MPI_Send"),
               Error);
}

TEST(MpiHandles, MoveLeavesNothingBehind) {
  MpiComm first = world();
  const MPI_Comm raw = first.get();

  MpiComm second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.get(), raw);

  MpiComm third = world();
  third = std::move(second);  // frees what third had
  EXPECT_FALSE(second);       // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.get(), raw);

  MpiComm& alias = third;
  third = std::move(alias);
  EXPECT_EQ(third.get(), raw) << "a move onto itself keeps the handle";
  EXPECT_EQ(third.size(), world().size());
}

TEST(MpiHandles, OperatorsMoveToo) {
  const auto nothing = +[](void*, void*, int*, MPI_Datatype*) {};
  MpiOp first(nothing);
  const MPI_Op raw = first.get();

  MpiOp second = std::move(first);
  EXPECT_EQ(first.get(), MPI_OP_NULL);  // NOLINT(bugprone-use-after-move)
  MpiOp third(nothing);
  third = std::move(second);

  EXPECT_EQ(third.get(), raw);
  EXPECT_EQ(second.get(), MPI_OP_NULL);  // NOLINT(bugprone-use-after-move)
}

// As on several hosts: rank 0 listens on its network addresses and the others look for one that
// works.
TEST(ControlBootstrap, WorksOverTheNetworkAddresses) {
  const auto comm = make_mpi_communicator(world());

  const auto control = make_control_plane(*comm, ControlReach::kAllHosts);
  control->claim("arrivals");
  comm->barrier();

  EXPECT_EQ(control->claim("arrivals", 0), comm->size());
  comm->barrier();
}

}  // namespace
}  // namespace alarm_dist::testing
