// SPDX-License-Identifier: Apache-2.0
// Packing and sharing change the work, not the answer.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/model/response_scores.hpp"

#include "model/tiny_llama.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using Tokens = std::vector<std::int64_t>;

TEST(LlamaSharing, SharedPromptEqualsSeparateSequences) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);
  RaggedBatch shared;
  const int prompt = shared.add(kPrompt);
  for (const auto& response : kResponses) shared.add(response, prompt);

  const auto together = model->hidden(shared, Adapter::kOn);
  const auto prompt_size = static_cast<std::int64_t>(kPrompt.size());
  probe(together.narrow(0, prompt_size, together.size(0) - prompt_size)).backward();
  const auto shared_gradients = take_gradients(*model);

  at::Tensor loss = at::zeros({}, at::kDouble);
  for (std::size_t r = 0; r < kResponses.size(); ++r) {
    RaggedBatch alone;
    Tokens sequence = kPrompt;
    sequence.insert(sequence.end(), kResponses[r].begin(), kResponses[r].end());
    alone.add(sequence);
    const auto states = model->hidden(alone, Adapter::kOn);
    const auto response = states.narrow(0, prompt_size, states.size(0) - prompt_size);
    const Segment& segment = shared.segments[r + 1];
    EXPECT_LT(max_difference(together.narrow(0, segment.begin, segment.size()), response), 1e-12);
    loss = loss + probe(response);
  }
  loss.backward();
  const auto separate_gradients = take_gradients(*model);
  for (std::size_t i = 0; i < separate_gradients.size(); ++i) {
    EXPECT_LT(relative_difference(shared_gradients[i], separate_gradients[i]), 1e-12);
  }
}

// A tree of three levels whose siblings are not neighbours: keys are gathered from several places.
TEST(LlamaSharing, ScatteredTreeEqualsSeparateSequences) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kGolden);
  RaggedBatch tree;
  const int a = tree.add(Tokens{1, 2, 3}), b = tree.add(Tokens{9, 8});
  const int a1 = tree.add(Tokens{4, 5}, a);
  const int b1 = tree.add(Tokens{7}, b);
  const int a11 = tree.add(Tokens{6, 6}, a1);
  RaggedBatch separate;
  separate.add(Tokens{1, 2, 3, 4, 5, 6, 6});
  separate.add(Tokens{9, 8, 7});

  const auto states = model->hidden(tree, Adapter::kOn);
  const auto expected = model->hidden(separate, Adapter::kOn);
  const auto rows = [&](int segment) {
    const Segment& s = tree.segments[static_cast<std::size_t>(segment)];
    return states.narrow(0, s.begin, s.size());
  };
  const auto in_order = at::cat({rows(a), rows(a1), rows(a11), rows(b), rows(b1)});
  probe(in_order).backward();
  const auto tree_gradients = take_gradients(*model);
  probe(expected).backward();
  const auto separate_gradients = take_gradients(*model);

  EXPECT_LT(max_difference(in_order, expected), 1e-12);
  for (std::size_t i = 0; i < tree_gradients.size(); ++i) {
    EXPECT_LT(relative_difference(tree_gradients[i], separate_gradients[i]), 1e-12);
  }
}

// Beyond 256 rows siblings are cut into several attention calls.
TEST(LlamaSharing, ManySiblingsEqualFew) {
  const auto model = load_tiny_llama(at::kDouble, Lora::kOff);
  std::vector<Tokens> responses;
  for (std::int64_t r = 0; r < 8; ++r) responses.emplace_back(50 + 3 * r, 10 + r);
  ResponseBatch many;
  many.add(kPrompt, responses);

  const auto together = score_responses(*model, many, 1.0, Adapter::kOn).logprobs_T;

  for (std::size_t r = 0; r < responses.size(); ++r) {
    ResponseBatch one;
    one.add(kPrompt, std::span(responses).subspan(r, 1));
    const auto alone = score_responses(*model, one, 1.0, Adapter::kOn).logprobs_T;
    EXPECT_LT(max_difference(together.narrow(0, many.offsets()[r], alone.size(0)), alone), 1e-11);
  }
}

TEST(LlamaErrors, NameWhatIsWrong) {
  const auto model = load_tiny_llama(at::kFloat, Lora::kOff);
  RaggedBatch unknown_token, too_long, empty;
  unknown_token.add(Tokens{3, 256});
  too_long.add(Tokens(513, 1));

  EXPECT_THROW(model->hidden(unknown_token, Adapter::kOn), Error);
  EXPECT_THROW(model->hidden(too_long, Adapter::kOn), Error);
  EXPECT_THROW(model->hidden(empty, Adapter::kOn), Error);
}

}  // namespace
}  // namespace alarm_dist
