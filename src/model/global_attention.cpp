// SPDX-License-Identifier: Apache-2.0
#include "model/global_attention.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <ATen/Functions.h>

#include "model/banded_attention.hpp"

namespace alarm_dist {
namespace {

class GlobalAttention final : public EncoderAttention {
 public:
  explicit GlobalAttention(const EncoderPass& pass) : pass_(pass) {}

  at::Tensor operator()(std::int64_t layer, const at::Tensor& states_ND) override {
    const auto name = self_attention_name(layer);
    const auto [query_ND, key_ND, value_ND] = pass_.attention_inputs(name, "", states_ND);
    std::vector<at::Tensor> contexts;
    const auto& blocks = pass_.layout.blocks();
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto& block = blocks[i];
      const auto near_BHLE = band(i, layer, query_ND.options())(pass_.heads_BHLE(query_ND, block),
                                                                pass_.heads_BHLE(key_ND, block),
                                                                pass_.heads_BHLE(value_ND, block));
      contexts.push_back(pass_.rows_ND(
          block.globals.empty() ? near_BHLE : with_globals(name, block, states_ND, near_BHLE)));
    }
    return join_blocks(contexts);
  }

 private:
  // One for all layers with the same window.
  const BandedAttention& band(std::size_t block, std::int64_t layer,
                              const at::TensorOptions& options) {
    const auto window = pass_.config.windows[static_cast<std::size_t>(layer)];
    const auto found = bands_.find({block, window});
    if (found != bands_.end()) return found->second;
    const auto& [begin, count, length, globals] = pass_.layout.blocks()[block];
    return bands_
        .emplace(std::pair(block, window), BandedAttention(length, window, globals, options))
        .first->second;
  }

  // The states of the block with those of its global tokens in place of what they saw nearby.
  at::Tensor with_globals(const std::string& name, const EncoderBlock& block,
                          const at::Tensor& states_ND, const at::Tensor& near_BHLE) const {
    const auto block_ND = states_ND.narrow(0, block.begin, block.rows());
    const auto places_G =
        at::tensor(block.globals, at::TensorOptions(at::kLong)).to(states_ND.device());
    const auto own_ND = block_ND.view({block.count, block.length, -1})
                            .index_select(1, places_G)
                            .reshape({-1, pass_.config.hidden});
    const auto heads = [&](const char* map, const at::Tensor& rows_ND, std::int64_t length) {
      const EncoderBlock all{.begin = 0, .count = block.count, .length = length};
      return pass_.heads_BHLE(pass_.linear(name + map, rows_ND), all);
    };
    const auto far_BHGE = at::scaled_dot_product_attention(
        heads("query_global", own_ND, places_G.size(0)),
        heads("key_global", block_ND, block.length), heads("value_global", block_ND, block.length));
    return near_BHLE.index_copy(2, places_G, far_BHGE);
  }

  EncoderPass pass_;
  std::map<std::pair<std::size_t, std::int64_t>, BandedAttention> bands_;
};

}  // namespace

std::unique_ptr<EncoderAttention> make_global_attention(const EncoderPass& pass) {
  return std::make_unique<GlobalAttention>(pass);
}

}  // namespace alarm_dist
