// SPDX-License-Identifier: Apache-2.0
// More shape letters: P rows of the position table.
#include "model/disentangled_attention.hpp"

#include <cmath>
#include <map>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

namespace alarm_dist {
namespace {

at::Tensor bucketed(const at::Tensor& distances, const RelativeAttention& relative) {
  const auto half = relative.buckets / 2;
  const auto reach = static_cast<double>(relative.max_distance - 1) / static_cast<double>(half);
  const auto scale = at::log(at::scalar_tensor(reach, at::kFloat));
  const auto far = at::where(distances.abs() < half, half - 1, distances.abs());
  const auto logarithm = at::log(far.to(at::kFloat).div(static_cast<double>(half)));
  const auto steps =
      at::ceil(logarithm / scale * static_cast<double>(half - 1)) + static_cast<double>(half);
  return at::where(far <= half, distances.to(at::kFloat), steps * at::sign(distances))
      .to(at::kLong);
}

// float32, as transformers has it.
double score_divisor(std::int64_t head_size, std::int64_t terms) {
  return static_cast<double>(std::sqrt(static_cast<float>(head_size * terms)));
}

class DisentangledAttention final : public EncoderAttention {
 public:
  DisentangledAttention(const EncoderPass& pass, const RelativeAttention& relative)
      : pass_(pass),
        relative_(relative),
        divisor_(score_divisor(pass.config.hidden / pass.config.heads, relative_.terms())) {
    table_PD_ = pass.weights.get("encoder.rel_embeddings.weight");
    if (relative_.norm) table_PD_ = pass.norm("encoder.LayerNorm", table_PD_);
  }

  at::Tensor operator()(std::int64_t layer, const at::Tensor& states_ND) override {
    const auto name = self_attention_name(layer);
    const auto [query_ND, key_ND, value_ND] = pass_.attention_inputs(name, "_proj", states_ND);
    const bool shared = relative_.shared_projections;
    const auto position_keys_HPE = relative_.content_to_position
                                       ? positions(name + (shared ? "key_proj" : "pos_key_proj"))
                                       : at::Tensor();
    const auto position_queries_HPE =
        relative_.position_to_content ? positions(name + (shared ? "query_proj" : "pos_query_proj"))
                                      : at::Tensor();
    std::vector<at::Tensor> contexts;
    for (const auto& block : pass_.layout.blocks()) {
      const auto query_BHLE = pass_.heads_BHLE(query_ND, block);
      const auto key_BHLE = pass_.heads_BHLE(key_ND, block);
      const auto places_LL = places(block.length);
      auto scores_BHLL = at::matmul(query_BHLE, key_BHLE.transpose(-1, -2) / divisor_);
      if (position_keys_HPE.defined())
        scores_BHLL = scores_BHLL + against(query_BHLE, position_keys_HPE, places_LL);
      if (position_queries_HPE.defined()) {
        const auto by_key_BHLL = against(key_BHLE, position_queries_HPE, places_LL.t());
        scores_BHLL = scores_BHLL + by_key_BHLL.transpose(-1, -2);
      }
      contexts.push_back(pass_.rows_ND(
          at::matmul(at::softmax(scores_BHLL, -1), pass_.heads_BHLE(value_ND, block))));
    }
    return join_blocks(contexts);
  }

 private:
  at::Tensor positions(const std::string& map) const {
    const EncoderBlock all{.begin = 0, .count = 1, .length = table_PD_.size(0)};
    return pass_.heads_BHLE(pass_.linear(map, table_PD_), all).squeeze(0);
  }

  // Every content against the position that its distance to every token is.
  at::Tensor against(const at::Tensor& content_BHLE, const at::Tensor& positions_HPE,
                     const at::Tensor& places_LL) const {
    const auto all_BHLP = at::matmul(content_BHLE, positions_HPE.transpose(-1, -2));
    const auto length = places_LL.size(0);
    const auto index_BHLL = places_LL.expand({all_BHLP.size(0), all_BHLP.size(1), length, length});
    return all_BHLP.gather(-1, index_BHLL) / divisor_;
  }

  const at::Tensor& places(std::int64_t length) {
    auto& places_LL = places_[length];
    if (!places_LL.defined())
      places_LL = relative_places_LL(length, relative_).to(table_PD_.device());
    return places_LL;
  }

  EncoderPass pass_;
  RelativeAttention relative_;
  double divisor_;
  at::Tensor table_PD_;
  std::map<std::int64_t, at::Tensor> places_;  // by length
};

}  // namespace

at::Tensor relative_places_LL(std::int64_t length, const RelativeAttention& relative) {
  const auto numbers = at::arange(length, at::TensorOptions(at::kLong));
  auto distances_LL = numbers.unsqueeze(1) - numbers.unsqueeze(0);
  if (relative.buckets > 0) distances_LL = bucketed(distances_LL, relative);
  return (distances_LL + relative.span()).clamp(0, 2 * relative.span() - 1);
}

std::unique_ptr<EncoderAttention> make_disentangled_attention(const EncoderPass& pass,
                                                              const RelativeAttention& relative) {
  return std::make_unique<DisentangledAttention>(pass, relative);
}

}  // namespace alarm_dist
