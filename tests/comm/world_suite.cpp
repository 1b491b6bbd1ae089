// SPDX-License-Identifier: Apache-2.0
// Mailbox, control plane and the facts of a World, on threads and under MPI.
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"

#include "comm/fabric.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::HasSubstr;

Bytes bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_P(WorldSuite, KnowsItsRanks) {
  on_all_ranks([](World& world) {
    EXPECT_EQ(world.communicator().rank(), world.rank());
    EXPECT_EQ(world.mailbox().size(), world.size());
    EXPECT_EQ(world.control().rank(), world.rank());
    EXPECT_EQ(static_cast<int>(world.hosts().size()), world.size());
    EXPECT_EQ(world.local_size(), world.size()) << "the tests run on one host";
    EXPECT_EQ(world.local_rank(), world.rank());
    const auto again = world.make_communicator(c10::kCPU);
    EXPECT_EQ(again->rank(), world.rank());
    EXPECT_EQ(sum_over_ranks(*again, 1), world.size());
  });
}

TEST_P(WorldSuite, DeliversToEveryRankAndItself) {
  on_all_ranks([](World& world) {
    for (int to = 0; to < world.size(); ++to) {
      world.mailbox().send(to, 3, bytes_of(std::to_string(world.rank())));
    }

    std::set<int> senders;
    for (int i = 0; i < world.size(); ++i) {
      const Message message = world.mailbox().receive(3);
      EXPECT_EQ(text_of(message.payload), std::to_string(message.from));
      EXPECT_EQ(message.tag, 3);
      senders.insert(message.from);
    }

    EXPECT_EQ(static_cast<int>(senders.size()), world.size());
    EXPECT_FALSE(world.mailbox().poll().has_value());
    world.mailbox().flush();
  });
}

TEST_P(WorldSuite, KeepsTheOrderOfATag) {
  on_all_ranks([](World& world) {
    const int to = (world.rank() + 1) % world.size();
    for (int i = 0; i < 100; ++i) world.mailbox().send(to, i % 2, bytes_of(std::to_string(i)));

    for (int i = 1; i < 100; i += 2)
      EXPECT_EQ(text_of(world.mailbox().receive(1).payload), std::to_string(i));
    for (int i = 0; i < 100; i += 2)
      EXPECT_EQ(text_of(world.mailbox().receive(0).payload), std::to_string(i));

    world.mailbox().flush();
  });
}

// Sizes from nothing to beyond what MPI sends eagerly; each byte tells the sender and the number.
TEST_P(WorldSuite, CarriesManyRaggedMessages) {
  on_all_ranks([](World& world) {
    constexpr int kMessages = 60;
    const auto payload = [](int rank, int number) {
      const auto draw = draw_below({.seed = 1,
                                    .step = static_cast<std::uint32_t>(rank),
                                    .sample = static_cast<std::uint32_t>(number)},
                                   20);
      return std::string((std::size_t{1} << draw) - 1, static_cast<char>(rank * 64 + number));
    };
    for (int i = 0; i < kMessages; ++i)
      world.mailbox().send(i % world.size(), i, bytes_of(payload(world.rank(), i)));

    int received = 0;
    for (int i = world.rank(); i < kMessages; i += world.size()) received += world.size();
    for (int i = 0; i < received; ++i) {
      const Message message = world.mailbox().receive();
      EXPECT_EQ(text_of(message.payload), payload(message.from, message.tag));
    }

    world.mailbox().flush();
    world.communicator().barrier();
    EXPECT_FALSE(world.mailbox().poll().has_value());
  });
}

TEST_P(WorldSuite, FlushesLargeMessagesInBothDirections) {
  on_all_ranks([](World& world) {
    const int to = (world.rank() + 1) % world.size();
    world.mailbox().send(to, 0, Bytes(std::size_t{3} << 20, std::byte{42}));

    world.mailbox().flush();  // before anybody has asked for a message

    const Message message = world.mailbox().receive(0);
    EXPECT_EQ(message.payload.size(), std::size_t{3} << 20);
    EXPECT_EQ(message.payload.back(), std::byte{42});
  });
}

TEST_P(WorldSuite, SaysWhichMessageDidNotCome) {
  on_all_ranks([](World& world) {
    try {
      world.mailbox().receive(17, 0.05);
      ADD_FAILURE() << "a message came that nobody sent";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("tag 17"));
    }
    EXPECT_THROW(world.mailbox().send(world.size(), 0, {}), Error);
    EXPECT_THROW(world.mailbox().send(0, -2, {}), Error);
  });
}

TEST_P(WorldSuite, GivesEachClaimToOneRank) {
  on_all_ranks([](World& world) {
    constexpr int kTotal = 200;
    std::vector<std::int64_t> mine;
    for (auto next = world.control().claim("groups"); next < kTotal;
         next = world.control().claim("groups")) {
      mine.push_back(next);
    }

    const auto all = gather_bytes(world.communicator(), std::as_bytes(std::span(mine)));

    std::set<std::int64_t> claimed;
    std::size_t count = 0;
    for (const Bytes& part : all) {
      const std::span numbers(reinterpret_cast<const std::int64_t*>(part.data()),
                              part.size() / sizeof(std::int64_t));
      claimed.insert(numbers.begin(), numbers.end());
      count += numbers.size();
    }
    EXPECT_EQ(count, static_cast<std::size_t>(kTotal));
    EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kTotal));
    EXPECT_EQ(world.control().claim("never used before " + std::to_string(world.rank()), 5), 0);
  });
}

// What MPI's one-sided calls could not do: rank 0, where the counter lives, calls nothing
// meanwhile.
TEST_P(WorldSuite, AnswersClaimsWhileRankZeroComputes) {
  on_all_ranks([](World& world) {
    world.control().set_role(world.rank() == 0 ? "learner" : "rollout");
    world.communicator().barrier();
    if (world.rank() == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    } else {
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < 10; ++i) world.control().claim("busy");
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(250));
    }
    world.communicator().barrier();
    EXPECT_EQ(world.control().claim("busy", 0), 10 * (world.size() - 1));
  });
}

TEST_P(WorldSuite, TellsWhatThePeersAre) {
  on_all_ranks([](World& world) {
    const auto rank = std::to_string(world.rank());
    world.control().set_role("role " + rank);
    world.control().set_doing("phase " + rank);
    world.control().enter_collective(
        {.group = 90, .sequence = world.rank() + 1, .name = "all_reduce"});
    world.control().claim(
        "heard");  // answered after what was told before, which barriers do not promise
    world.communicator().barrier();

    const auto peers = world.control().peers();

    ASSERT_EQ(static_cast<int>(peers.size()), world.size());
    for (int other = 0; other < world.size(); ++other) {
      const PeerState& peer = peers[static_cast<std::size_t>(other)];
      EXPECT_EQ(peer.rank, other);
      EXPECT_EQ(peer.role, "role " + std::to_string(other));
      EXPECT_EQ(peer.doing, "phase " + std::to_string(other));
      EXPECT_EQ(peer.entered.at(90), other + 1);
      EXPECT_LT(peer.silent_s, 5);
    }
    world.communicator().barrier();
  });
}

}  // namespace
}  // namespace alarm_dist::testing
