// SPDX-License-Identifier: Apache-2.0
// A number that training or an answer depends on is not finite: nothing was made of it.
#pragma once

#include "alarm/base/error.hpp"

namespace alarm_dist {

class NonFiniteError : public Error {
 public:
  using Error::Error;
};

}  // namespace alarm_dist
