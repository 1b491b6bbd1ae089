// SPDX-License-Identifier: Apache-2.0
// Projections of one input computed as one matrix product, with their LoRA adapters.
//
// The weights of q, k, v (or gate and up) become one matrix, a view, where the file holds them end
// to end; else they stay apart on the CPU, so that processes share the file's pages, and are joined
// on a GPU, which copies them anyway; weights that are trained stay apart. Their adapters become
// one as well: the A's stacked, the B's block-diagonal. A weight that is stored with its inputs
// first (GPT-2's Conv1D) is used as a transposed view.
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

// How a file holds a weight.
enum class WeightLayout { kOutputsFirst, kInputsFirst };

class Projections {
 public:
  // A weight with its name, "model.layers.0.self_attn.q_proj" (without ".weight").
  struct Part {
    std::string name;
    at::Tensor weight_OI;
    at::Tensor bias_O = {};  // of all parts or of none
  };
  explicit Projections(const std::vector<Part>& parts,
                       WeightLayout layout = WeightLayout::kOutputsFirst);

  std::vector<std::string> names() const;
  // Gives an adapter to the parts that are among its targets (see is_target). `tensor_number`
  // counts the adapter tensors of a model, so that each draws initial values of its own.
  void add_adapters(const LoraConfig& lora, std::uint64_t seed, std::uint32_t& tensor_number);

  // Differentiable in the adapters' tensors; made once for a pass.
  FusedAdapter adapter() const;
  at::Tensor operator()(const at::Tensor& x_NI, const FusedAdapter& adapter) const;

  std::int64_t parameters() const;  // without adapters
  void append_trainable(NamedTensors& tensors) const;
  // Weights, then biases: those of one matrix lie end to end in a file of that order. A merged
  // weight is a tensor of its own: it is made when its turn comes, by this object.
  void append_merged(TensorSources& sources) const;

 private:
  struct Block {
    std::string name;
    std::int64_t rows = 0;
    at::Tensor a_RI, b_OR;  // float32 leaves; undefined without an adapter
  };

  void append_biases(TensorSources& sources) const;
  at::Tensor merged(const at::Tensor& weight_OI, const Block& block) const;  // as it is stored

  std::vector<at::Tensor> weights_OI_;  // one, or one for each block
  at::Tensor bias_O_;
  WeightLayout layout_;
  std::vector<Block> blocks_;
  double scale_ = 0;
};

// Whether a target of LoraConfig names the projection, as PEFT matches: "q_proj", "attn.c_proj" and
// the whole name mean what ends with them, "all-linear" every projection.
bool is_target(const std::string& target, const std::string& projection);
// Throws Error for a target that names none of the projections; `known` are the names to choose
// from that it lists.
void check_targets(const LoraConfig& lora, const std::vector<std::string>& projections,
                   const std::vector<std::string>& known);

}  // namespace alarm_dist
