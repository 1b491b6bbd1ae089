// SPDX-License-Identifier: Apache-2.0
// What clients of the control plane and its server say to each other, as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "alarm/base/bytes.hpp"

#include "comm/ledger.hpp"

namespace alarm_dist {

struct ClaimRequest {
  std::int64_t id = 0;  // comes back with the reply: a reply that was given up on must not answer
                        // the next request
  std::string counter;
  std::int64_t amount = 1;
};
struct PeersRequest {
  std::int64_t id = 0;
};
// A RankState is a heartbeat and has no reply.
using ControlRequest = std::variant<RankState, ClaimRequest, PeersRequest>;

struct ControlReply {
  std::int64_t id = 0;
  std::int64_t claimed = 0;
  std::vector<PeerState> peers;
};

Bytes encode(const ControlRequest& request);
ControlRequest decode_request(
    std::span<const std::byte> bytes);  // throws Error on bytes that are no request
Bytes encode(const ControlReply& reply);
ControlReply decode_reply(std::span<const std::byte> bytes);

}  // namespace alarm_dist
