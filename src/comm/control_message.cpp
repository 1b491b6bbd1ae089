// SPDX-License-Identifier: Apache-2.0
#include "comm/control_message.hpp"

#include <utility>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

enum class Kind : std::uint8_t { kState = 1, kClaim = 2, kPeers = 3 };

struct RequestEncoder {
  ByteWriter& out;

  void operator()(const RankState& state) const {
    out.put(Kind::kState);
    out.put_string(state.role);
    out.put_string(state.doing);
    out.put(state.last.group);
    out.put(state.last.sequence);
    out.put_string(state.last.name);
  }
  void operator()(const ClaimRequest& claim) const {
    out.put(Kind::kClaim);
    out.put(claim.id);
    out.put_string(claim.counter);
    out.put(claim.amount);
  }
  void operator()(const PeersRequest& peers) const {
    out.put(Kind::kPeers);
    out.put(peers.id);
  }
};

RankState decode_state(ByteReader& in) {
  RankState state;
  state.role = in.get_string();
  state.doing = in.get_string();
  state.last.group = in.get<std::int64_t>();
  state.last.sequence = in.get<std::int64_t>();
  state.last.name = in.get_string();
  return state;
}

ClaimRequest decode_claim(ByteReader& in) {
  ClaimRequest claim;
  claim.id = in.get<std::int64_t>();
  claim.counter = in.get_string();
  claim.amount = in.get<std::int64_t>();
  return claim;
}

void put_peer(ByteWriter& out, const PeerState& peer) {
  out.put<std::int32_t>(peer.rank);
  out.put_string(peer.role);
  out.put_string(peer.doing);
  out.put(peer.collectives);
  out.put_string(peer.collective);
  out.put(peer.silent_s);
  out.put<std::uint64_t>(peer.entered.size());
  for (const auto& [group, sequence] : peer.entered) {
    out.put(group);
    out.put(sequence);
  }
}

PeerState get_peer(ByteReader& in) {
  PeerState peer;
  peer.rank = in.get<std::int32_t>();
  peer.role = in.get_string();
  peer.doing = in.get_string();
  peer.collectives = in.get<std::int64_t>();
  peer.collective = in.get_string();
  peer.silent_s = in.get<double>();
  const auto groups = in.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < groups; ++i) {
    const auto group = in.get<std::int64_t>();
    peer.entered[group] = in.get<std::int64_t>();
  }
  return peer;
}

}  // namespace

Bytes encode(const ControlRequest& request) {
  ByteWriter out;
  std::visit(RequestEncoder{out}, request);
  return out.take();
}

ControlRequest decode_request(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  switch (in.get<Kind>()) {
    case Kind::kState:
      return decode_state(in);
    case Kind::kClaim:
      return decode_claim(in);
    case Kind::kPeers:
      return PeersRequest{in.get<std::int64_t>()};
  }
  throw Error("the control server got a request of no known kind");
}

Bytes encode(const ControlReply& reply) {
  ByteWriter out;
  out.put(reply.id);
  out.put(reply.claimed);
  out.put<std::uint64_t>(reply.peers.size());
  for (const PeerState& peer : reply.peers) put_peer(out, peer);
  return out.take();
}

ControlReply decode_reply(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  ControlReply reply;
  reply.id = in.get<std::int64_t>();
  reply.claimed = in.get<std::int64_t>();
  const auto peers = in.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < peers; ++i) reply.peers.push_back(get_peer(in));
  return reply;
}

}  // namespace alarm_dist
