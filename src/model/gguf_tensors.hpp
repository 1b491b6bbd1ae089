// SPDX-License-Identifier: Apache-2.0
// Tensors of a GGUF file on their way to a Hugging Face directory: each is taken under a new name,
// and none is left over.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <c10/core/ScalarType.h>

#include "alarm/store/gguf.hpp"
#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// How a tensor's rows stand in the file, where that is not as in Hugging Face's.
enum class GgufOrder {
  kSame,
  kTransposed,   // Conv1D
  kInterleaved,  // pairs of a rotation are rows 2i, 2i+1 of a head, not i, i+E/2 (Llama's q and k)
  kStacked,      // all queries, keys, values, not these of each head (GPT-NeoX)
  kCut           // without the first rows, which no token uses (RoBERTa's positions)
};

struct GgufRows {
  GgufOrder order = GgufOrder::kSame;
  std::int64_t number = 0;  // of heads, or of rows that were cut off
};

// The file is borrowed, by what take() gives as well.
class GgufTensors {
 public:
  GgufTensors(const GgufFile& file, c10::ScalarType dtype) : file_(file), dtype_(dtype) {}

  // The shape is the stored one: outputs first, whatever Hugging Face's file has. Throws Error
  // naming the file and the tensor when it is missing or of another shape.
  void add(const std::string& name, const std::string& stored, std::vector<std::int64_t> shape,
           const GgufRows& rows = {});
  // A tensor that models have no use for, where the file has it.
  void ignore(const std::string& stored) { used_.insert(stored); }

  // In the order in which they were added; each is dequantised when it is made. Throws Error naming
  // a tensor that was not asked for: it is part of a model that the caller does not describe.
  TensorSources take();

 private:
  const GgufFile& file_;
  c10::ScalarType dtype_;
  TensorSources sources_;
  std::set<std::string> used_;
};

}  // namespace alarm_dist
