// SPDX-License-Identifier: Apache-2.0
#include "alarm/comm/communicator.hpp"

namespace alarm_dist {

std::string_view to_string(ReduceOp op) {
  switch (op) {
    case ReduceOp::kSum:
      return "sum";
    case ReduceOp::kMin:
      return "min";
    case ReduceOp::kMax:
      return "max";
  }
  return "unknown";
}

}  // namespace alarm_dist
