// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_weights.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// Llama's rows of q and k stand in the order of interleaved rotation (pairs 2i, 2i+1); Hugging
// Face's halves are i, i+E/2.
at::Tensor half_split_rows(const at::Tensor& weight, std::int64_t heads) {
  return weight.view({heads, weight.size(0) / heads / 2, 2, -1})
      .transpose(1, 2)
      .reshape(weight.sizes());
}

// Rows of all queries, keys and values -> those of each head.
at::Tensor rows_by_head(const at::Tensor& weight, std::int64_t heads) {
  return weight.view({3, heads, weight.size(0) / heads / 3, -1})
      .transpose(0, 1)
      .reshape(weight.sizes());
}

class GgufWeights {
 public:
  GgufWeights(const GgufFile& file, const DecoderSpec& spec, c10::ScalarType dtype)
      : file_(file),
        spec_(spec),
        dtype_(dtype),
        interleaved_(file.text("general.architecture") == "llama") {}

  NamedTensors read() {
    const auto& names = spec_.names;
    add(names.trunk + names.embedding + ".weight", "token_embd.weight");
    if (!names.positions.empty())
      add(names.trunk + names.positions + ".weight", "position_embd.weight");
    for (std::int64_t i = 0; i < spec_.shape.layers; ++i) add_layer(i);
    add_norm(names.trunk + names.final_norm, "output_norm");
    if (!spec_.tied_embeddings) add(names.head.front() + ".weight", "output.weight");
    check_all_are_used();
    return std::move(tensors_);
  }

 private:
  void add_layer(std::int64_t number) {
    const auto& names = spec_.names;
    const auto layer = names.trunk + names.layers + "." + std::to_string(number) + ".",
               block = "blk." + std::to_string(number) + ".";
    add_norm(layer + names.attention_norm, block + "attn_norm");
    const bool fused = spec_.qkv.names.size() == 1;
    add_maps(layer, spec_.qkv, block,
             fused ? Stored{"attn_qkv"} : Stored{"attn_q", "attn_k", "attn_v"});
    if (!names.query_norm.empty()) {
      add(layer + names.query_norm + ".weight", block + "attn_q_norm.weight");
      add(layer + names.key_norm + ".weight", block + "attn_k_norm.weight");
    }
    add_maps(layer, spec_.output, block, {"attn_output"});
    add_norm(layer + names.mlp_norm, block + "ffn_norm");
    add_maps(layer, spec_.up, block,
             spec_.gated() ? Stored{"ffn_gate", "ffn_up"} : Stored{"ffn_up"});
    add_maps(layer, spec_.down, block, {"ffn_down"});
  }

  using Stored = std::vector<std::string>;

  // Weights, then biases: what is used as one matrix lies end to end.
  void add_maps(const std::string& layer, const ProjectionSpec& maps, const std::string& block,
                const Stored& stored) {
    for (const char* kind : {".weight", ".bias"}) {
      if (kind == std::string(".bias") && !maps.bias) break;
      for (std::size_t i = 0; i < stored.size(); ++i)
        add(layer + maps.names[i] + kind, block + stored[i] + kind);
    }
  }

  void add_norm(const std::string& name, const std::string& stored) {
    add(name + ".weight", stored + ".weight");
    if (spec_.norm == NormKind::kLayer) add(name + ".bias", stored + ".bias");
  }

  at::Tensor in_place(at::Tensor tensor, const std::string& stored) const {
    const auto is = [&](const char* part) { return stored.find(part) != std::string::npos; };
    if (interleaved_ && is(".attn_q.")) return half_split_rows(tensor, spec_.shape.heads);
    if (interleaved_ && is(".attn_k.")) return half_split_rows(tensor, spec_.shape.kv_heads);
    if (spec_.qkv_order == QkvOrder::kByHead && is(".attn_qkv."))
      return rows_by_head(tensor, spec_.shape.heads);
    const bool projection = stored.starts_with("blk.") && tensor.dim() == 2;
    return projection && spec_.layout == WeightLayout::kInputsFirst ? tensor.t() : tensor;
  }

  // A tensor without a place is part of a model that the spec does not describe.
  void check_all_are_used() const {
    for (const auto& name : file_.tensor_names()) {
      ALARM_CHECK(used_.contains(name) || name == "rope_freqs.weight",
                  "{}: tensor '{}' has no place in a model of the architecture {}",
                  file_.path().string(), name, file_.text("general.architecture"));
    }
  }

  void add(const std::string& name, const std::string& stored) {
    ALARM_CHECK(file_.contains(stored), "{}: tensor '{}' is missing", file_.path().string(),
                stored);
    used_.insert(stored);
    tensors_.emplace_back(name, in_place(file_.dequantize(stored), stored).to(dtype_));
  }

  const GgufFile& file_;
  const DecoderSpec& spec_;
  c10::ScalarType dtype_;
  bool interleaved_;
  NamedTensors tensors_;
  std::set<std::string> used_;
};

}  // namespace

NamedTensors gguf_weights(const GgufFile& file, const DecoderSpec& spec, c10::ScalarType dtype) {
  return GgufWeights(file, spec, dtype).read();
}

}  // namespace alarm_dist
