// SPDX-License-Identifier: Apache-2.0
#include "model/biased_attention.hpp"

#include <utility>

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include "model/attention_kernel.hpp"
#include "model/row_views.hpp"

namespace alarm_dist {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kUnscaled = 1.0;

struct KeysValues {
  at::Tensor k_MHE, v_MHE;
};

KeysValues split(const at::Tensor& kv_MSE) {
  const auto heads = kv_MSE.size(1) / 2;
  return {kv_MSE.narrow(1, 0, heads), kv_MSE.narrow(1, heads, heads)};
}

AttentionInputs tile_inputs(const at::Tensor& q_NHE, const KeysValues& kv, const BiasedTile& tile) {
  return {.q_BHnE = heads_of(q_NHE, tile.queries),
          .k_BKmE = heads_of(kv.k_MHE, tile.keys),
          .v_BKmE = heads_of(kv.v_MHE, tile.keys),
          .mask = tile.bias,
          .scale = kUnscaled};
}

// The tiles in the wrapping that an autograd context stores.
struct SavedTiles : torch::CustomClassHolder {
  explicit SavedTiles(std::shared_ptr<const BiasedTiles> shared) : tiles(std::move(shared)) {}
  std::shared_ptr<const BiasedTiles> tiles;
};

struct BiasedAttention : torch::autograd::Function<BiasedAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q_NHE,
                            const at::Tensor& kv_MSE, at::TensorList trained_biases,
                            std::shared_ptr<const BiasedTiles> tiles) {
    const auto kv = split(kv_MSE);
    const auto out_ND = at::empty({q_NHE.size(0), q_NHE.size(1) * q_NHE.size(2)}, q_NHE.options());
    const auto out_NHE = out_ND.view(q_NHE.sizes());
    variable_list saved{q_NHE, kv_MSE, out_ND};
    for (const BiasedTile& tile : *tiles) {
      const auto [out, lse] = attention_forward(tile_inputs(q_NHE, kv, tile));
      heads_of(out_NHE, tile.queries).copy_(out);
      saved.push_back(lse);
    }
    context->save_for_backward(std::move(saved));
    context->saved_data["tiles"] =
        at::IValue::make_capsule(c10::make_intrusive<SavedTiles>(std::move(tiles)));
    context->saved_data["trained"] = !trained_biases.empty();
    return out_ND;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto &q_NHE = saved[0], &kv_MSE = saved[1];
    const auto out_NHE = saved[2].view(q_NHE.sizes());
    const auto holder = context->saved_data["tiles"].toCapsule();
    const auto& tiles = *static_cast<const SavedTiles&>(*holder).tiles;
    const auto dout_NHE = grads[0].reshape(q_NHE.sizes());
    const auto dq_NHE = at::empty(q_NHE.sizes(), q_NHE.options());
    const auto dkv_MSE = at::zeros(kv_MSE.sizes(), kv_MSE.options());
    const auto kv = split(kv_MSE), dkv = split(dkv_MSE);
    variable_list dbiases;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      const BiasedTile& tile = tiles[i];
      const auto dout = heads_of(dout_NHE, tile.queries);
      const auto inputs = tile_inputs(q_NHE, kv, tile);
      const AttentionOutputs outputs{heads_of(out_NHE, tile.queries), saved[3 + i]};
      if (context->saved_data["trained"].toBool()) {
        dbiases.push_back(score_gradient(dout, inputs, outputs)
                              .sum_to_size(tile.bias.sizes())
                              .to(tile.bias.scalar_type()));
      }
      const auto gradients = attention_backward(dout, inputs, outputs);
      heads_of(dq_NHE, tile.queries).copy_(gradients.dq_BHnE);
      add_to_rows(dkv.k_MHE, tile.keys, gradients.dk_BKmE);
      add_to_rows(dkv.v_MHE, tile.keys, gradients.dv_BKmE);
    }
    variable_list all{dq_NHE, dkv_MSE};
    all.insert(all.end(), dbiases.begin(), dbiases.end());
    all.emplace_back();
    return all;
  }
};

// Of all tiles or of none.
variable_list trained_biases(const BiasedTiles& tiles) {
  variable_list biases;
  for (const BiasedTile& tile : tiles) {
    if (tile.bias.defined() && tile.bias.requires_grad()) biases.push_back(tile.bias);
  }
  return biases;
}

}  // namespace

at::Tensor biased_attention(const at::Tensor& q_NHE, const at::Tensor& kv_MSE,
                            std::shared_ptr<const BiasedTiles> tiles) {
  const auto biases = trained_biases(*tiles);
  return BiasedAttention::apply(q_NHE, kv_MSE, at::TensorList(biases), std::move(tiles));
}

}  // namespace alarm_dist
