// SPDX-License-Identifier: Apache-2.0
// What a decoder-only model is made of: all that the network knows of families.
//
// A family's file (families/) reads config.json into a spec and names the tensors; the network, its
// cache and its adapters are built from the spec alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alarm/model/causal_lm.hpp"

#include "model/activation.hpp"
#include "model/projections.hpp"
#include "model/rotary.hpp"

namespace alarm_dist {

enum class NormKind { kRms, kLayer };  // kLayer has a bias
enum class Residual {
  kSequential,  // the feed-forward part reads what attention has added to
  kParallel     // both read the layer's input
};
// How the rows of a fused query-key-value projection stand: queries, keys, values; or these three
// for each head.
enum class QkvOrder { kStacked, kByHead };

// Maps of one input: their names within the layer, without ".weight".
struct ProjectionSpec {
  std::vector<std::string> names;
  bool bias = false;
};

// Outputs of each of them, and the inputs that they share.
struct ProjectionShape {
  std::vector<std::int64_t> outputs;
  std::int64_t inputs = 0;
};

// Names without ".weight"; an empty one: the model has no such tensor.
struct DecoderNames {
  std::string trunk;  // prefix of all but the head. A checkpoint of the bare trunk lacks it
  std::string embedding, positions, layers, final_norm;        // after the trunk's prefix
  std::string attention_norm, mlp_norm, query_norm, key_norm;  // within a layer
  std::vector<std::string> head;  // read under any of them, written under the first
};

struct DecoderSpec {
  CausalLmShape shape;  // parameters is left 0
  DecoderNames names;
  ProjectionSpec qkv;  // q, k, v apart, or one fused
  ProjectionSpec output;
  ProjectionSpec up;  // gate and up, or up alone
  ProjectionSpec down;
  WeightLayout layout = WeightLayout::kOutputsFirst;
  QkvOrder qkv_order = QkvOrder::kStacked;
  NormKind norm = NormKind::kRms;
  double norm_eps = 1e-6;
  Activation activation = Activation::kSilu;
  Residual residual = Residual::kSequential;
  RopeSpec rope;
  bool tied_embeddings = false;  // unless the checkpoint has another head
  // How many tokens a layer with a window sees, the token itself included, and which layers have
  // it.
  std::int64_t window = 0;
  std::vector<bool> windowed;  // empty: none

  bool gated() const { return up.names.size() == 2; }
  ProjectionShape qkv_shape() const {
    const auto q = shape.heads * shape.head_size, kv = shape.kv_heads * shape.head_size;
    if (qkv.names.size() == 1) return {{q + 2 * kv}, shape.hidden};
    return {{q, kv, kv}, shape.hidden};
  }
  ProjectionShape output_shape() const { return {{shape.hidden}, shape.heads * shape.head_size}; }
  ProjectionShape up_shape() const {
    return {std::vector(up.names.size(), shape.feed_forward), shape.hidden};
  }
  ProjectionShape down_shape() const { return {{shape.hidden}, shape.feed_forward}; }
  std::int64_t window_of(std::int64_t layer) const {
    return windowed.empty() || !windowed[static_cast<std::size_t>(layer)] ? 0 : window;
  }
};

}  // namespace alarm_dist
