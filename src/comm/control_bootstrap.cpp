// SPDX-License-Identifier: Apache-2.0
#include "comm/control_bootstrap.hpp"

#include <string>
#include <utility>
#include <vector>

#include "alarm/base/bytes.hpp"
#include "alarm/base/error.hpp"

#include "comm/control_address.hpp"
#include "comm/control_client.hpp"
#include "comm/control_server.hpp"
#include "comm/ledger_control.hpp"

namespace alarm_dist {
namespace {

// What the clients need to know of the server.
struct ServerCard {
  std::string key;
  std::int32_t port = 0;
  std::vector<std::string> addresses;
};

Bytes encode_card(const ServerCard& card) {
  ByteWriter out;
  out.put_string(card.key);
  out.put(card.port);
  out.put<std::uint64_t>(card.addresses.size());
  for (const auto& address : card.addresses) out.put_string(address);
  return out.take();
}

ServerCard decode_card(const Bytes& bytes) {
  ByteReader in(bytes);
  ServerCard card;
  card.key = in.get_string();
  card.port = in.get<std::int32_t>();
  const auto addresses = in.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < addresses; ++i) card.addresses.push_back(in.get_string());
  return card;
}

std::vector<std::string> gather_keys(Communicator& communicator, const std::string& mine) {
  std::vector<std::string> keys;
  for (const Bytes& key : gather_bytes(communicator, std::as_bytes(std::span(mine)))) {
    keys.emplace_back(reinterpret_cast<const char*>(key.data()), key.size());
  }
  return keys;
}

// On rank 0 the client with the server behind it; the client ends first.
class HostedControl : public ControlPlane {
 public:
  HostedControl(std::unique_ptr<ControlServer> server, std::unique_ptr<ControlPlane> client)
      : server_(std::move(server)), client_(std::move(client)) {}

  int rank() const override { return client_->rank(); }
  std::int64_t claim(std::string_view counter, std::int64_t amount) override {
    return client_->claim(counter, amount);
  }
  void set_role(std::string_view role) override { client_->set_role(role); }
  void set_doing(std::string_view doing) override { client_->set_doing(doing); }
  void enter_collective(const CollectiveEntry& entry) override { client_->enter_collective(entry); }
  std::vector<PeerState> peers() override { return client_->peers(); }

 private:
  std::unique_ptr<ControlServer> server_;
  std::unique_ptr<ControlPlane> client_;
};

std::vector<std::string> offered_addresses(ControlReach reach) {
  if (reach == ControlReach::kOneHost) return {kLoopbackAddress};
  std::vector<std::string> addresses = interface_addresses();
  ALARM_CHECK(!addresses.empty(),
              "the host of rank 0 has no network address, but the job has ranks on other hosts");
  return addresses;
}

}  // namespace

std::unique_ptr<ControlPlane> make_control_plane(Communicator& communicator, ControlReach reach) {
  if (communicator.size() == 1) return make_ledger_control(std::make_shared<Ledger>(1), 0);
  const CurveKeys keys = make_curve_keys();
  std::vector<std::string> client_keys = gather_keys(communicator, keys.public_key);

  std::unique_ptr<ControlServer> server;
  Bytes card_bytes;
  if (communicator.rank() == 0) {
    const CurveKeys server_keys = make_curve_keys();
    const char* bind_address = reach == ControlReach::kOneHost ? kLoopbackAddress : kAllAddresses;
    server = std::make_unique<ControlServer>(server_keys, std::move(client_keys), bind_address);
    card_bytes = encode_card({server_keys.public_key, server->port(), offered_addresses(reach)});
  }
  const ServerCard card = decode_card(broadcast_bytes(communicator, std::move(card_bytes), 0));

  const std::string address = reachable_address(card.addresses, card.port);
  auto client = make_control_client({.rank = communicator.rank(),
                                     .endpoint = fmt::format("tcp://{}:{}", address, card.port),
                                     .server_key = card.key,
                                     .keys = keys});
  if (!server) return client;
  return std::make_unique<HostedControl>(std::move(server), std::move(client));
}

}  // namespace alarm_dist
