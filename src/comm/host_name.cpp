// SPDX-License-Identifier: Apache-2.0
#include "comm/host_name.hpp"

#include <array>
#include <unistd.h>

namespace alarm_dist {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

}  // namespace alarm_dist
