// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_weights.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/gguf_tensors.hpp"

namespace alarm_dist {
namespace {

class GgufWeights {
 public:
  GgufWeights(const GgufFile& file, const DecoderSpec& spec, c10::ScalarType dtype)
      : file_(file),
        spec_(spec),
        tensors_(file, dtype),
        interleaved_(file.text("general.architecture") == "llama") {}

  TensorSources read() {
    const auto& names = spec_.names;
    const auto vocabulary = spec_.shape.vocabulary, hidden = spec_.shape.hidden;
    add(names.trunk + names.embedding + ".weight", "token_embd.weight", {vocabulary, hidden});
    if (!names.positions.empty())
      add(names.trunk + names.positions + ".weight", "position_embd.weight",
          {spec_.shape.context, hidden});
    for (std::int64_t i = 0; i < spec_.shape.layers; ++i) add_layer(i);
    add_norm(names.trunk + names.final_norm, "output_norm");
    if (!spec_.tied_embeddings)
      add(names.head.front() + ".weight", "output.weight", {vocabulary, hidden});
    tensors_.ignore("rope_freqs.weight");  // in config.json
    return tensors_.take();
  }

 private:
  void add_layer(std::int64_t number) {
    const auto& names = spec_.names;
    const Layer layer{names.trunk + names.layers + "." + std::to_string(number) + ".",
                      "blk." + std::to_string(number) + "."};
    add_norm(layer.name + names.attention_norm, layer.block + "attn_norm");
    const bool fused = spec_.qkv.names.size() == 1;
    add_maps(layer, spec_.qkv, spec_.qkv_shape(),
             fused ? Stored{"attn_qkv"} : Stored{"attn_q", "attn_k", "attn_v"});
    if (!names.query_norm.empty()) {
      const auto size = spec_.shape.head_size;
      add(layer.name + names.query_norm + ".weight", layer.block + "attn_q_norm.weight", {size});
      add(layer.name + names.key_norm + ".weight", layer.block + "attn_k_norm.weight", {size});
    }
    add_maps(layer, spec_.output, spec_.output_shape(), {"attn_output"});
    add_norm(layer.name + names.mlp_norm, layer.block + "ffn_norm");
    add_maps(layer, spec_.up, spec_.up_shape(),
             spec_.gated() ? Stored{"ffn_gate", "ffn_up"} : Stored{"ffn_up"});
    add_maps(layer, spec_.down, spec_.down_shape(), {"ffn_down"});
  }

  // What its tensors' names begin with, in Hugging Face's file and in this.
  struct Layer {
    std::string name, block;
  };
  using Stored = std::vector<std::string>;

  // Weights, then biases: what is used as one matrix lies end to end.
  void add_maps(const Layer& layer, const ProjectionSpec& maps, const ProjectionShape& shape,
                const Stored& stored) {
    for (std::size_t i = 0; i < stored.size(); ++i)
      add(layer.name + maps.names[i] + ".weight", layer.block + stored[i] + ".weight",
          {shape.outputs[i], shape.inputs});
    if (!maps.bias) return;
    for (std::size_t i = 0; i < stored.size(); ++i)
      add(layer.name + maps.names[i] + ".bias", layer.block + stored[i] + ".bias",
          {shape.outputs[i]});
  }

  void add_norm(const std::string& name, const std::string& stored) {
    const auto hidden = spec_.shape.hidden;
    add(name + ".weight", stored + ".weight", {hidden});
    if (spec_.norm == NormKind::kLayer) add(name + ".bias", stored + ".bias", {hidden});
  }

  void add(const std::string& name, const std::string& stored, std::vector<std::int64_t> shape) {
    tensors_.add(name, stored, std::move(shape), rows_of(stored));
  }

  GgufRows rows_of(const std::string& stored) const {
    const auto is = [&](const char* part) { return stored.find(part) != std::string::npos; };
    if (interleaved_ && is(".attn_q.")) return {GgufOrder::kInterleaved, spec_.shape.heads};
    if (interleaved_ && is(".attn_k.")) return {GgufOrder::kInterleaved, spec_.shape.kv_heads};
    if (spec_.qkv_order == QkvOrder::kByHead && is(".attn_qkv."))
      return {GgufOrder::kStacked, spec_.shape.heads};
    const bool map =
        stored.starts_with("blk.") && file_.contains(stored) && file_.shape(stored).size() == 2;
    const bool transposed = map && spec_.layout == WeightLayout::kInputsFirst;
    return {transposed ? GgufOrder::kTransposed : GgufOrder::kSame};
  }

  const GgufFile& file_;
  const DecoderSpec& spec_;
  GgufTensors tensors_;
  bool interleaved_;
};

}  // namespace

TensorSources gguf_weights(const GgufFile& file, const DecoderSpec& spec, c10::ScalarType dtype) {
  return GgufWeights(file, spec, dtype).read();
}

}  // namespace alarm_dist
