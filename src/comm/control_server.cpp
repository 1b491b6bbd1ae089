// SPDX-License-Identifier: Apache-2.0
#include "comm/control_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <zmq.h>
#include <zmq_addon.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/log.hpp"

#include "comm/control_message.hpp"

namespace alarm_dist {
namespace {

std::span<const std::byte> bytes_of(const zmq::message_t& message) {
  return {static_cast<const std::byte*>(message.data()), message.size()};
}

int port_of(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  int port = 0;
  std::from_chars(endpoint.data() + colon + 1, endpoint.data() + endpoint.size(), port);
  ALARM_CHECK(port > 0, "the control server is bound to {}, which names no port", endpoint);
  return port;
}

std::string z85(const zmq::message_t& key) {
  std::array<char, 41> text{};
  if (key.size() != 32) return {};
  zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(key.data()), key.size());
  return text.data();
}

// The rank that the authenticator named when it let this client in.
int rank_of(zmq::message_t& message) {
  const char* user = zmq_msg_gets(message.handle(), "User-Id");
  int rank = -1;
  if (user != nullptr) std::from_chars(user, user + std::strlen(user), rank);
  return rank;
}

}  // namespace

ControlServer::ControlServer(const CurveKeys& keys, std::vector<std::string> client_keys,
                             const std::string& bind_address)
    : client_keys_(std::move(client_keys)),
      ledger_(static_cast<int>(client_keys_.size())),
      authenticator_(context_, zmq::socket_type::rep),
      router_(context_, zmq::socket_type::router) {
  authenticator_.bind("inproc://zeromq.zap.01");  // must be there before the router: libzmq looks
                                                  // for it by this name
  router_.set(zmq::sockopt::zap_domain, "alarm-dist");
  router_.set(zmq::sockopt::curve_server, true);
  router_.set(zmq::sockopt::curve_secretkey, keys.secret_key);
  router_.set(zmq::sockopt::linger, 0);
  router_.bind("tcp://" + bind_address + ":*");
  port_ = port_of(router_.get(zmq::sockopt::last_endpoint));
  thread_ = std::thread([this] { serve(); });
}

ControlServer::~ControlServer() {
  context_.shutdown();  // every socket call in the thread ends with ETERM
  thread_.join();
}

void ControlServer::serve() {
  try {
    std::array<zmq::pollitem_t, 2> items{
        {{authenticator_.handle(), 0, ZMQ_POLLIN, 0}, {router_.handle(), 0, ZMQ_POLLIN, 0}}};
    while (true) {
      zmq::poll(items.data(), items.size(), std::chrono::milliseconds(-1));
      if ((items[0].revents & ZMQ_POLLIN) != 0) answer_authentication();
      if ((items[1].revents & ZMQ_POLLIN) != 0) answer_request();
    }
  } catch (const zmq::error_t& error) {
    if (error.num() != ETERM) log::error("the control server stopped: {}", error.what());
  }
  authenticator_.close();
  router_.close();
}

// ZAP request: version, request id, domain, address, identity, mechanism, then for CURVE the
// client's key.
void ControlServer::answer_authentication() {
  std::vector<zmq::message_t> request;
  if (!zmq::recv_multipart(authenticator_, std::back_inserter(request))) return;
  const bool well_formed = request.size() == 7 && request[5].to_string_view() == "CURVE";
  const auto known = well_formed
                         ? std::find(client_keys_.begin(), client_keys_.end(), z85(request[6]))
                         : client_keys_.end();
  const bool allowed = known != client_keys_.end();
  if (!allowed) log::warn("the control server refused a client without a key of this job");

  const std::string user = allowed ? std::to_string(known - client_keys_.begin()) : "";
  const std::string id = request.size() > 1 ? request[1].to_string() : "";
  const std::array<zmq::const_buffer, 6> reply{
      zmq::str_buffer("1.0"),
      zmq::buffer(id),
      allowed ? zmq::str_buffer("200") : zmq::str_buffer("400"),
      zmq::str_buffer(""),
      zmq::buffer(user),
      zmq::str_buffer("")};
  zmq::send_multipart(authenticator_, reply);
}

void ControlServer::answer_request() {
  std::vector<zmq::message_t> parts;
  if (!zmq::recv_multipart(router_, std::back_inserter(parts)) || parts.size() != 2) return;
  const int rank = rank_of(parts[1]);
  try {
    handle(rank, parts);
  } catch (const Error& error) {
    log::warn("the control server dropped a request of rank {}: {}", rank, error.what());
  }
}

void ControlServer::handle(int rank, std::vector<zmq::message_t>& parts) {
  const ControlRequest request = decode_request(bytes_of(parts[1]));
  ControlReply reply;
  if (const auto* state = std::get_if<RankState>(&request)) {
    ledger_.update(rank, *state);
    return;
  }
  if (const auto* claim = std::get_if<ClaimRequest>(&request)) {
    reply.id = claim->id;
    reply.claimed = ledger_.claim(claim->counter, claim->amount);
  } else if (const auto* peers = std::get_if<PeersRequest>(&request)) {
    reply.id = peers->id;
    reply.peers = ledger_.peers();
  }
  const Bytes bytes = encode(reply);
  router_.send(parts[0], zmq::send_flags::sndmore);
  router_.send(zmq::buffer(bytes), zmq::send_flags::none);
}

}  // namespace alarm_dist
