// SPDX-License-Identifier: Apache-2.0
// A CURVE key pair, made for one job and never written anywhere.
#pragma once

#include <string>

namespace alarm_dist {

struct CurveKeys {
  std::string public_key;  // 40 characters, Z85
  std::string secret_key;
};

CurveKeys make_curve_keys();

}  // namespace alarm_dist
