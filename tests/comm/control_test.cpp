// SPDX-License-Identifier: Apache-2.0
// The control server and its clients in one process: who is served, and what happens without an
// answer.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zmq.hpp>

#include "alarm/base/error.hpp"

#include "comm/control_address.hpp"
#include "comm/control_client.hpp"
#include "comm/control_message.hpp"
#include "comm/control_server.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class ControlServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<ControlPlane> client(int rank, const CurveKeys& keys,
                                       double timeout_s = 10) const {
    return make_control_client({.rank = rank,
                                .endpoint = endpoint(),
                                .server_key = server_keys_.public_key,
                                .keys = keys,
                                .timeout_s = timeout_s,
                                .heartbeat_s = 0.02});
  }
  std::string endpoint() const { return "tcp://127.0.0.1:" + std::to_string(server_.port()); }

  CurveKeys server_keys_ = make_curve_keys();
  std::vector<CurveKeys> keys_{make_curve_keys(), make_curve_keys()};
  ControlServer server_{server_keys_, {keys_[0].public_key, keys_[1].public_key}, kLoopbackAddress};
};

TEST_F(ControlServerTest, CountsOverClients) {
  const auto first = client(0, keys_[0]);
  const auto second = client(1, keys_[1]);

  EXPECT_EQ(first->claim("a"), 0);
  EXPECT_EQ(second->claim("a", 5), 1);
  EXPECT_EQ(first->claim("a"), 6);
  EXPECT_EQ(second->claim("b"), 0);
}

TEST_F(ControlServerTest, RefusesAKeyThatTheJobDidNotMake) {
  const auto stranger = client(0, make_curve_keys(), 0.5);

  EXPECT_THROW(stranger->claim("a"), Error);

  EXPECT_EQ(client(0, keys_[0])->claim("a"), 0) << "the stranger's claim must not have counted";
}

TEST_F(ControlServerTest, DoesNotAnswerWithoutEncryption) {
  zmq::context_t context;
  zmq::socket_t plain(context, zmq::socket_type::dealer);
  plain.set(zmq::sockopt::linger, 0);
  plain.set(zmq::sockopt::rcvtimeo, 500);
  plain.connect(endpoint());
  const Bytes request = encode(ClaimRequest{1, "a", 1});
  plain.send(zmq::buffer(request), zmq::send_flags::dontwait);

  zmq::message_t reply;
  EXPECT_FALSE(plain.recv(reply).has_value());

  EXPECT_EQ(client(0, keys_[0])->claim("a"), 0);
}

TEST_F(ControlServerTest, AClientRefusesAnotherServer) {
  const auto misled = make_control_client({.rank = 0,
                                           .endpoint = endpoint(),
                                           .server_key = make_curve_keys().public_key,
                                           .keys = keys_[0],
                                           .timeout_s = 0.5});

  EXPECT_THROW(misled->claim("a"), Error);
}

// The rank in the ledger is the one whose key spoke, whatever a client says of itself.
TEST_F(ControlServerTest, KnowsARankByItsKey) {
  const auto liar = client(0, keys_[1]);
  liar->set_role("reward");
  liar->enter_collective({1, 1, "barrier"});

  const auto peers = liar->peers();

  EXPECT_EQ(peers[0].role, "");
  EXPECT_EQ(peers[1].role, "reward");
}

TEST_F(ControlServerTest, HeartbeatsTellWhoIsSilent) {
  const auto first = client(0, keys_[0]);
  first->set_doing("generating");
  std::this_thread::sleep_for(std::chrono::milliseconds(400));  // many heartbeats, and no call

  const auto peers = first->peers();

  EXPECT_EQ(peers[0].doing, "generating");
  EXPECT_LT(peers[0].silent_s, 0.3);
  EXPECT_GT(peers[1].silent_s, 0.35);
}

TEST_F(ControlServerTest, SurvivesRequestsThatAreNone) {
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::curve_serverkey, server_keys_.public_key);
  socket.set(zmq::sockopt::curve_publickey, keys_[1].public_key);
  socket.set(zmq::sockopt::curve_secretkey, keys_[1].secret_key);
  socket.connect(endpoint());
  for (const std::string& nonsense :
       {std::string(), std::string("\x07"), std::string("\x02\x01"), std::string(40, '\xff')}) {
    socket.send(zmq::buffer(nonsense), zmq::send_flags::none);
  }

  EXPECT_EQ(client(0, keys_[0])->claim("a"), 0);
}

TEST_F(ControlServerTest, AddressesAreTriedInOrder) {
  EXPECT_EQ(reachable_address({"not an address", kLoopbackAddress}, server_.port()),
            kLoopbackAddress);
  try {
    reachable_address({kLoopbackAddress}, 1);
    ADD_FAILURE() << "port 1 accepts connections here";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(kLoopbackAddress));
  }
}

TEST(ControlClient, SaysThatNobodyAnswers) {
  const CurveKeys keys = make_curve_keys();
  const auto client = make_control_client({.rank = 3,
                                           .endpoint = "tcp://127.0.0.1:1",
                                           .server_key = keys.public_key,
                                           .keys = keys,
                                           .timeout_s = 0.1});
  try {
    client->claim("prompts");
    ADD_FAILURE() << "somebody answered";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("rank 3"));
    EXPECT_THAT(error.what(), HasSubstr("prompts"));
    EXPECT_EQ(error.code(), ExitCode::kPeerFailed);
  }
}

TEST(ControlMessage, SurvivesTheWayThere) {
  const ControlReply reply{.id = 7,
                           .claimed = -2,
                           .peers = {{.rank = 1,
                                      .role = "reward",
                                      .doing = "scoring",
                                      .collectives = 4,
                                      .collective = "barrier",
                                      .silent_s = 0.5,
                                      .entered = {{1, 4}, {3, 9}}}}};

  const ControlReply back = decode_reply(encode(reply));

  EXPECT_EQ(back.id, 7);
  EXPECT_EQ(back.claimed, -2);
  ASSERT_EQ(back.peers.size(), 1u);
  EXPECT_EQ(back.peers[0].doing, "scoring");
  EXPECT_EQ(back.peers[0].entered, reply.peers[0].entered);
  const Bytes whole = encode(reply);
  EXPECT_THROW(decode_reply(std::span(whole).first(whole.size() - 1)), Error);
}

}  // namespace
}  // namespace alarm_dist::testing
