// SPDX-License-Identifier: Apache-2.0
#include "model/ragged_attention.hpp"

#include <utility>
#include <vector>

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include "model/attention_kernel.hpp"
#include "model/row_views.hpp"

namespace alarm_dist {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

AttentionInputs tile_inputs(const QueriesKeysValues& qkv, const AttentionTile& tile) {
  return {.q_BHnE = heads_of(qkv.q_NHE, tile.queries),
          .k_BKmE = heads_of(qkv.k_NKE, tile.keys),
          .v_BKmE = heads_of(qkv.v_NKE, tile.keys),
          .mask = tile.mask,
          .causality = tile.mask.defined() ? Causality::kNone : Causality::kCausal};
}

struct Attended {
  at::Tensor out_ND;            // D = H*E
  std::vector<at::Tensor> lse;  // by tile
};

Attended attend_tiles(const at::Tensor& rotated_NSE, const HeadCounts& heads,
                      const AttentionPlan& plan) {
  const auto qkv = split_heads(rotated_NSE, heads);
  Attended attended{
      at::empty({rotated_NSE.size(0), heads.queries * rotated_NSE.size(2)}, rotated_NSE.options()),
      {}};
  const auto out_NHE = attended.out_ND.view(qkv.q_NHE.sizes());
  for (const AttentionTile& tile : plan) {
    auto [out, lse] = attention_forward(tile_inputs(qkv, tile));
    heads_of(out_NHE, tile.queries).copy_(out);
    attended.lse.push_back(std::move(lse));
  }
  return attended;
}

// What the backward pass needs beside tensors, in the wrapping that an autograd context stores.
struct SavedPass : torch::CustomClassHolder {
  SavedPass(HeadCounts head_counts, std::shared_ptr<const RaggedPass> shared)
      : heads(head_counts), pass(std::move(shared)) {}
  HeadCounts heads;
  std::shared_ptr<const RaggedPass> pass;
};

struct RaggedAttention : torch::autograd::Function<RaggedAttention> {
  // An autograd function takes tensors and copies of plain values; the pass is shared by all
  // layers.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv_NSE, HeadCounts heads,
                            std::shared_ptr<const RaggedPass> pass) {
    const auto rotated = rotate_heads(qkv_NSE, pass->angles, heads.queries + heads.keys);
    auto attended = attend_tiles(rotated, heads, pass->plan);
    variable_list saved{rotated, attended.out_ND};
    saved.insert(saved.end(), attended.lse.begin(), attended.lse.end());
    context->save_for_backward(std::move(saved));
    context->saved_data["pass"] =
        at::IValue::make_capsule(c10::make_intrusive<SavedPass>(heads, std::move(pass)));
    return attended.out_ND;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto holder = context->saved_data["pass"].toCapsule();
    const auto& heads = static_cast<const SavedPass&>(*holder).heads;
    const auto& pass = *static_cast<const SavedPass&>(*holder).pass;
    const auto& rotated = saved[0];
    const auto qkv = split_heads(rotated, heads);
    const auto out_NHE = saved[1].view(qkv.q_NHE.sizes());
    const auto dout_NHE = grads[0].reshape(qkv.q_NHE.sizes());
    at::Tensor drotated = at::zeros_like(rotated);
    auto dqkv = split_heads(drotated, heads);
    for (std::size_t i = 0; i < pass.plan.size(); ++i) {
      const AttentionTile& tile = pass.plan[i];
      const auto gradients =
          attention_backward(heads_of(dout_NHE, tile.queries), tile_inputs(qkv, tile),
                             {heads_of(out_NHE, tile.queries), saved[2 + i]});
      heads_of(dqkv.q_NHE, tile.queries).copy_(gradients.dq_BHnE);
      add_to_rows(dqkv.k_NKE, tile.keys, gradients.dk_BKmE);
      add_to_rows(dqkv.v_NKE, tile.keys, gradients.dv_BKmE);
    }
    return {rotate_heads(drotated, pass.angles, heads.queries + heads.keys, Rotation::kInverse),
            {},
            {}};
  }
};

}  // namespace

QueriesKeysValues split_heads(const at::Tensor& qkv_NSE, const HeadCounts& heads) {
  return {qkv_NSE.narrow(1, 0, heads.queries), qkv_NSE.narrow(1, heads.queries, heads.keys),
          qkv_NSE.narrow(1, heads.queries + heads.keys, heads.keys)};
}

at::Tensor ragged_attention(const at::Tensor& qkv_NSE, const HeadCounts& heads,
                            std::shared_ptr<const RaggedPass> pass) {
  return RaggedAttention::apply(qkv_NSE, heads, std::move(pass));
}

at::Tensor attend_rows(const at::Tensor& rotated_NSE, const HeadCounts& heads,
                       const AttentionPlan& plan) {
  return attend_tiles(rotated_NSE, heads, plan).out_ND;
}

}  // namespace alarm_dist
