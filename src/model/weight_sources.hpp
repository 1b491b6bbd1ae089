// SPDX-License-Identifier: Apache-2.0
// Tensors that exist already, among those that are made when they are written.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

inline void append_source(TensorSources& sources, const std::string& name,
                          const at::Tensor& tensor) {
  auto one = sources_of({{name, tensor}});
  std::ranges::move(one, std::back_inserter(sources));
}

// All of them at once.
inline NamedTensors made(const TensorSources& sources) {
  NamedTensors tensors;
  for (const auto& source : sources) tensors.emplace_back(source.name, source.make());
  return tensors;
}

}  // namespace alarm_dist
