// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/response_scores.hpp"

#include <ATen/Functions.h>

#include "alarm/base/error.hpp"

#include "model/token_scores.hpp"

namespace alarm_dist {
namespace {

at::Tensor indices(const std::vector<std::int64_t>& values, c10::Device device) {
  return at::tensor(values, at::TensorOptions(at::kLong)).to(device);
}

}  // namespace

void ResponseBatch::add(std::span<const std::int64_t> prompt,
                        std::span<const std::vector<std::int64_t>> responses) {
  ALARM_CHECK(!prompt.empty(),
              "a response to an empty prompt has no row that predicts its first token");
  const int shared = batch_.add(prompt);
  for (const auto& response : responses) {
    ALARM_CHECK(!response.empty(), "response {} of a prompt has no tokens", offsets_.size() - 1);
    std::int64_t before = batch_.segments[static_cast<std::size_t>(shared)].end - 1;
    const std::int64_t first = batch_.rows();
    batch_.add(response, shared);
    for (std::size_t i = 0; i < response.size(); ++i) {
      rows_.push_back(before);
      targets_.push_back(response[i]);
      before = first + static_cast<std::int64_t>(i);
    }
    offsets_.push_back(tokens());
  }
}

at::Tensor response_states(const CausalLm& model, const ResponseBatch& responses, Adapter adapter) {
  ALARM_CHECK(responses.tokens() > 0, "a batch without response tokens cannot be scored");
  const auto rows = indices(responses.predicting_rows(), model.device());
  return model.hidden(responses.batch(), adapter).index_select(0, rows);
}

ResponseScores score_responses(const CausalLm& model, const ResponseBatch& responses,
                               double temperature, Adapter adapter, EntropyGradient entropy) {
  ALARM_CHECK(temperature > 0,
              "temperature is {}, expected above 0: a greedy policy has no log-probabilities",
              temperature);
  const auto states = response_states(model, responses, adapter);
  const auto targets = indices(responses.targets(), model.device());
  const auto scores = score_tokens(states, model.head_VD(adapter), targets, temperature, entropy);
  return {scores.logprobs_T, scores.entropy_T, states};
}

}  // namespace alarm_dist
