// SPDX-License-Identifier: Apache-2.0
#include "comm/control_address.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/ranges.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

constexpr int kConnectTimeoutMs = 2000;

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool accepts_connections(const std::string& address, int port) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) return false;
  const Socket socket;
  if (connect(socket.fd(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)) == 0)
    return true;
  if (errno != EINPROGRESS) return false;
  pollfd wait{socket.fd(), POLLOUT, 0};
  if (poll(&wait, 1, kConnectTimeoutMs) != 1) return false;
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

std::vector<std::string> interface_addresses() {
  ifaddrs* first = nullptr;
  ALARM_CHECK(getifaddrs(&first) == 0, "cannot list the network interfaces (errno {})", errno);
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const bool usable = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable || entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
    addresses.emplace_back(text.data());
  }
  return addresses;
}

std::string reachable_address(const std::vector<std::string>& addresses, int port) {
  for (const std::string& address : addresses) {
    if (accepts_connections(address, port)) return address;
  }
  throw Error(fmt::format(
      "the control server of rank 0 cannot be reached on port {} of any of its addresses: {}", port,
      fmt::join(addresses, ", ")));
}

}  // namespace alarm_dist
