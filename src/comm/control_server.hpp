// SPDX-License-Identifier: Apache-2.0
// The control plane's server: one thread on rank 0 that answers claims and keeps the ledger.
//
// Nobody is served without a key that the job made: the socket speaks CURVE only, and libzmq asks
// the same thread (ZAP, RFC 27) whether a client's key is one of the ranks'. The key also tells
// which rank speaks.
#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <zmq.hpp>

#include "comm/curve_keys.hpp"
#include "comm/ledger.hpp"

namespace alarm_dist {

class ControlServer {
 public:
  // client_keys are public keys, by rank; bind_address is an address of this host or 0.0.0.0. Any
  // free port is taken.
  ControlServer(const CurveKeys& keys, std::vector<std::string> client_keys,
                const std::string& bind_address);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  int port() const { return port_; }

 private:
  void serve();
  void answer_authentication();
  void answer_request();
  void handle(int rank, std::vector<zmq::message_t>& parts);

  std::vector<std::string> client_keys_;
  Ledger ledger_;
  zmq::context_t context_;
  zmq::socket_t authenticator_;  // both sockets belong to the thread once it runs
  zmq::socket_t router_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace alarm_dist
