// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_keys.hpp"

#include "alarm/base/error.hpp"

namespace alarm_dist {

double GgufKeys::number(const std::string& key) const {
  return std::stod(fmt::format("{}", static_cast<float>(file_.number(full(key)))));
}

void GgufKeys::refuse(const std::string& key, const std::string& found,
                      const std::string& supported) const {
  throw Error(fmt::format("{}: {} is {}; supported: {}", file_.path().string(), full(key), found,
                          supported));
}

}  // namespace alarm_dist
