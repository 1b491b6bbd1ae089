// SPDX-License-Identifier: Apache-2.0
// Every operation, type, reduction and root, on whatever Communicator the executable brings.
#include <cstring>

#include "alarm/base/error.hpp"

#include "comm/fabric.hpp"
#include "comm/sample_tensors.hpp"

namespace alarm_dist::testing {
namespace {

std::string context(at::ScalarType type, std::int64_t size) {
  return std::string(at::toString(type)) + " x " + std::to_string(size);
}

TEST_P(CommunicatorSuite, AllReducesEveryTypeAndOperation) {
  on_all_ranks([](Communicator& comm) {
    for (const auto type : kAllTypes) {
      for (const auto op : ops_of(type)) {
        for (const auto size : kSizes) {
          at::Tensor tensor = sample(comm.rank(), size, type).to(comm.device());

          comm.all_reduce(tensor, op);

          EXPECT_TRUE(at::equal(tensor.cpu(), reduced_sample(comm.size(), size, type, op)))
              << to_string(op) << " of " << context(type, size);
        }
      }
    }
  });
}

TEST_P(CommunicatorSuite, BroadcastsEveryTypeFromEveryRoot) {
  on_all_ranks([](Communicator& comm) {
    for (int root = 0; root < comm.size(); ++root) {
      for (const auto type : kAllTypes) {
        for (const auto size : kSizes) {
          at::Tensor tensor = sample(comm.rank(), size, type).to(comm.device());

          comm.broadcast(tensor, root);

          EXPECT_TRUE(at::equal(tensor.cpu(), sample(root, size, type)))
              << "root " << root << ", " << context(type, size);
        }
      }
    }
  });
}

TEST_P(CommunicatorSuite, AllGathersEveryTypeInRankOrder) {
  on_all_ranks([](Communicator& comm) {
    for (const auto type : kAllTypes) {
      for (const auto size : kSizes) {
        const at::Tensor mine = sample(comm.rank(), size, type).to(comm.device());
        at::Tensor all = at::zeros({comm.size(), size}, mine.options());

        comm.all_gather(mine, all);

        for (int rank = 0; rank < comm.size(); ++rank) {
          EXPECT_TRUE(at::equal(all[rank].cpu(), sample(rank, size, type)))
              << "part " << rank << ", " << context(type, size);
        }
      }
    }
  });
}

TEST_P(CommunicatorSuite, ReduceScattersEveryTypeAndOperation) {
  on_all_ranks([](Communicator& comm) {
    for (const auto type : kAllTypes) {
      for (const auto op : ops_of(type)) {
        for (const auto size : kSizes) {
          const std::int64_t total = size * comm.size();
          const at::Tensor all = sample(comm.rank(), total, type).to(comm.device());
          at::Tensor mine = at::zeros({size}, all.options());

          comm.reduce_scatter(all, mine, op);

          const at::Tensor expected =
              reduced_sample(comm.size(), total, type, op).narrow(0, comm.rank() * size, size);
          EXPECT_TRUE(at::equal(mine.cpu(), expected))
              << to_string(op) << " of " << context(type, size);
          EXPECT_TRUE(at::equal(all.cpu(), sample(comm.rank(), total, type)))
              << "the source must stay";
        }
      }
    }
  });
}

// 256 + 1 is 256 in bfloat16, and 2048 + 1 is 2048 in float16: a sum in the type itself loses the
// ones.
TEST_P(CommunicatorSuite, SumsHalfTypesInFloat32) {
  on_all_ranks([](Communicator& comm) {
    for (const auto& [type, large] :
         {std::pair{at::kBFloat16, 256.0}, std::pair{at::kHalf, 2048.0}}) {
      const double mine = comm.rank() == 0 ? large : 1.0;
      at::Tensor sum = at::full({5}, mine, at::TensorOptions(type).device(comm.device()));
      const at::Tensor all = at::full({5 * comm.size()}, mine, sum.options());
      at::Tensor scattered = at::zeros({5}, sum.options());

      comm.all_reduce(sum, ReduceOp::kSum);
      comm.reduce_scatter(all, scattered, ReduceOp::kSum);

      const at::Tensor expected = at::full({5}, large + comm.size() - 1, at::kDouble).to(type);
      EXPECT_TRUE(at::equal(sum.cpu(), expected));
      EXPECT_TRUE(at::equal(scattered.cpu(), expected));
    }
  });
}

TEST_P(CommunicatorSuite, ReducesToTheSameBitsOnEveryRank) {
  on_all_ranks([](Communicator& comm) {
    for (const std::int64_t size : {1, 3, 1001, 300'007}) {
      const at::Tensor wild = at::sin(at::arange(size, at::kDouble) * (comm.rank() + 1)) * 1e3;
      for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16}) {
        at::Tensor sum = wild.to(type).to(comm.device());

        comm.all_reduce(sum, ReduceOp::kSum);

        const at::Tensor host = sum.cpu();
        const std::span mine(static_cast<const std::byte*>(host.const_data_ptr()), host.nbytes());
        for (const Bytes& theirs : gather_bytes(comm, mine)) {
          EXPECT_TRUE(theirs.size() == mine.size() &&
                      std::memcmp(theirs.data(), mine.data(), mine.size()) == 0)
              << context(type, size);
        }
      }
    }
  });
}

TEST_P(CommunicatorSuite, SplitsByColourInKeyOrder) {
  on_all_ranks([](Communicator& comm) {
    const int colour = comm.rank() % 2;

    const auto part = comm.split(colour, -comm.rank());  // the last rank comes first

    const int last = comm.size() - 1 - (comm.size() - 1 - colour) % 2;
    ASSERT_NE(part, nullptr);
    EXPECT_EQ(part->size(), (comm.size() + 1 - colour) / 2);
    EXPECT_EQ(part->rank(), (last - comm.rank()) / 2);
    at::Tensor world_rank =
        at::full({1}, comm.rank(), at::TensorOptions(at::kLong).device(comm.device()));
    at::Tensor all = at::zeros({part->size()}, world_rank.options());
    part->all_gather(world_rank, all);
    EXPECT_TRUE(at::equal(all.cpu(), last - 2 * at::arange(part->size(), at::kLong)));
  });
}

TEST_P(CommunicatorSuite, LeavesNegativeColoursOutAndKeepsWorking) {
  on_all_ranks([](Communicator& comm) {
    const bool out = comm.rank() == 0;

    const auto part = comm.split(out ? -1 : 7, comm.rank());

    EXPECT_EQ(part == nullptr, out);
    if (part) {
      const auto pair =
          part->split(part->rank() / 2, 0);  // a group of a group, while rank 0 does nothing
      EXPECT_EQ(sum_over_ranks(*pair, 1), pair->size());
      EXPECT_EQ(sum_over_ranks(*part, 1), comm.size() - 1);
    }
    EXPECT_EQ(sum_over_ranks(comm, comm.rank()), comm.size() * (comm.size() - 1) / 2.0);
  });
}

TEST_P(CommunicatorSuite, MovesRaggedBytes) {
  on_all_ranks([](Communicator& comm) {
    const auto text = [](int rank) {
      return std::string(static_cast<std::size_t>(rank * 1001), static_cast<char>('a' + rank));
    };
    const std::string mine = text(comm.rank());

    const auto all = gather_bytes(comm, std::as_bytes(std::span(mine)));

    ASSERT_EQ(static_cast<int>(all.size()), comm.size());
    for (int rank = 0; rank < comm.size(); ++rank) {
      const auto& part = all[static_cast<std::size_t>(rank)];
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(part.data()), part.size()), text(rank));
    }
    for (int root = 0; root < comm.size(); ++root) {
      const auto bytes = std::as_bytes(std::span(mine));
      const Bytes from_root = broadcast_bytes(comm, Bytes(bytes.begin(), bytes.end()), root);
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(from_root.data()), from_root.size()),
                text(root));
    }
  });
}

TEST_P(CommunicatorSuite, GathersNothingFromEverybody) {
  on_all_ranks([](Communicator& comm) {
    const auto all = gather_bytes(comm, {});

    EXPECT_EQ(all, std::vector<Bytes>(static_cast<std::size_t>(comm.size())));
    EXPECT_TRUE(broadcast_bytes(comm, {}, 0).empty());
  });
}

TEST_P(CommunicatorSuite, RefusesWhatItCannotMove) {
  on_all_ranks([](Communicator& comm) {
    const auto options = at::TensorOptions(at::kFloat).device(comm.device());
    at::Tensor strided = at::zeros({4, 4}, options).t();
    at::Tensor flags = at::zeros({4}, options.dtype(at::kBool));
    at::Tensor complex = at::zeros({4}, options.dtype(at::kComplexFloat));
    at::Tensor mine = at::zeros({4}, options);
    at::Tensor wrong = at::zeros({4 * comm.size() + 1}, options);
    at::Tensor other_type = at::zeros({4 * comm.size()}, options.dtype(at::kDouble));
    at::Tensor undefined;

    EXPECT_THROW(comm.all_reduce(strided, ReduceOp::kSum), Error);
    EXPECT_THROW(comm.all_reduce(flags, ReduceOp::kSum), Error);
    EXPECT_THROW(comm.all_reduce(complex, ReduceOp::kSum), Error);
    EXPECT_THROW(comm.all_reduce(undefined, ReduceOp::kSum), Error);
    EXPECT_THROW(comm.broadcast(mine, comm.size()), Error);
    EXPECT_THROW(comm.broadcast(mine, -1), Error);
    EXPECT_THROW(comm.all_gather(mine, wrong), Error);
    EXPECT_THROW(comm.all_gather(mine, other_type), Error);
    EXPECT_THROW(comm.reduce_scatter(wrong, mine, ReduceOp::kSum), Error);
    comm.barrier();  // a refusal moves nothing, so the group is still in step
  });
}

}  // namespace
}  // namespace alarm_dist::testing
