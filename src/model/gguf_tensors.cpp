// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_tensors.hpp"

#include <utility>

#include <ATen/Functions.h>
#include <fmt/ranges.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

at::Tensor reordered(const at::Tensor& stored, const GgufRows& rows) {
  const auto number = rows.number;
  switch (rows.order) {
    case GgufOrder::kSame:
      return stored;
    case GgufOrder::kTransposed:
      return stored.t();
    case GgufOrder::kInterleaved:
      return stored.view({number, stored.size(0) / number / 2, 2, -1})
          .transpose(1, 2)
          .reshape(stored.sizes());
    case GgufOrder::kStacked:
      return stored.view({3, number, stored.size(0) / number / 3, -1})
          .transpose(0, 1)
          .reshape(stored.sizes());
    case GgufOrder::kCut:
      return at::constant_pad_nd(stored, {0, 0, number, 0});
  }
  return {};
}

}  // namespace

void GgufTensors::add(const std::string& name, const std::string& stored,
                      std::vector<std::int64_t> shape, const GgufRows& rows) {
  ALARM_CHECK(file_.contains(stored), "{}: tensor '{}' is missing", file_.path().string(), stored);
  ALARM_CHECK(file_.shape(stored) == shape, "{}: tensor '{}': expected shape [{}], found [{}]",
              file_.path().string(), stored, fmt::join(shape, ", "),
              fmt::join(file_.shape(stored), ", "));
  used_.insert(stored);
  if (rows.order == GgufOrder::kTransposed) std::swap(shape[0], shape[1]);
  if (rows.order == GgufOrder::kCut) shape[0] += rows.number;
  sources_.push_back({.name = name,
                      .type = dtype_,
                      .shape = shape,
                      .make = [&file = file_, stored, rows, dtype = dtype_] {
                        return reordered(file.dequantize(stored), rows).to(dtype);
                      }});
}

TensorSources GgufTensors::take() {
  for (const auto& name : file_.tensor_names()) {
    ALARM_CHECK(used_.contains(name),
                "{}: tensor '{}' has no place in a model of the architecture {}",
                file_.path().string(), name, file_.text("general.architecture"));
  }
  return std::move(sources_);
}

}  // namespace alarm_dist
