// SPDX-License-Identifier: Apache-2.0
// Projections of one input computed as one matrix product, with their LoRA adapters.
//
// The weights of q, k, v (or gate and up) become one matrix: a view where the file holds them end
// to end, as the files that resolve_model writes do, else a copy. Their adapters become one as
// well: the A's stacked, the B's block-diagonal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"
#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// An adapter ready for products: in the type of the activations, the scale in b. Undefined tensors:
// adapter off.
struct FusedAdapter {
  at::Tensor a_RI, b_OR;
};

class Projections {
 public:
  // A weight with its name, "model.layers.0.self_attn.q_proj" (without ".weight").
  struct Part {
    std::string name;
    at::Tensor weight_OI;
  };
  explicit Projections(const std::vector<Part>& parts);

  // Gives an adapter to the parts that are among its targets. `tensor_number` counts the adapter
  // tensors of a model, so that each draws initial values of its own.
  void add_adapters(const LoraConfig& lora, std::uint64_t seed, std::uint32_t& tensor_number);

  // Differentiable in the adapters' tensors; made once for a pass.
  FusedAdapter adapter() const;
  at::Tensor operator()(const at::Tensor& x_NI, const FusedAdapter& adapter) const;

  std::int64_t parameters() const { return weight_OI_.numel(); }  // without adapters
  void append_trainable(NamedTensors& tensors) const;
  void append_merged(NamedTensors& tensors) const;

 private:
  struct Block {
    std::string name;
    std::int64_t rows = 0;
    at::Tensor a_RI, b_OR;  // float32 leaves; undefined without an adapter
  };
  at::Tensor weight_OI_;
  std::vector<Block> blocks_;
  double scale_ = 0;
};

}  // namespace alarm_dist
