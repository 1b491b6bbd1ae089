// SPDX-License-Identifier: Apache-2.0
#include "comm/curve_keys.hpp"

#include <array>

#include <zmq.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

CurveKeys make_curve_keys() {
  std::array<char, 41> public_key{};
  std::array<char, 41> secret_key{};
  ALARM_CHECK(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0,
              "libzmq cannot make CURVE keys ({}): it was built without libsodium",
              zmq_strerror(zmq_errno()));
  return {public_key.data(), secret_key.data()};
}

}  // namespace alarm_dist
