// SPDX-License-Identifier: Apache-2.0
// Where the control server can be reached from: a node has several networks, and only trying tells
// which one is shared.
#pragma once

#include <string>
#include <vector>

namespace alarm_dist {

inline constexpr const char* kLoopbackAddress = "127.0.0.1";
inline constexpr const char* kAllAddresses = "0.0.0.0";

// IPv4 addresses of this host's interfaces that are up, loopback left out.
std::vector<std::string> interface_addresses();

// The first address on which the port accepts a connection. Throws Error that lists all when none
// does.
std::string reachable_address(const std::vector<std::string>& addresses, int port);

}  // namespace alarm_dist
