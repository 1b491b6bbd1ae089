// SPDX-License-Identifier: Apache-2.0
// Sliding windows in the attention plan and in the cache.
#include <algorithm>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "alarm/model/generator.hpp"

#include "model/attention_plan.hpp"
#include "model/tiny_families.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;

// Which rows see which, [N, N], as a plan has it.
at::Tensor seen_in(const AttentionPlan& plan, std::int64_t rows) {
  at::Tensor seen = at::zeros({rows, rows}, at::kInt);
  for (const AttentionTile& tile : plan) {
    std::vector<std::int64_t> keys;
    for (const RowRange& range : tile.keys) {
      for (auto row = range.begin; row < range.end; ++row) keys.push_back(row);
    }
    const auto count = static_cast<std::int64_t>(keys.size());
    const auto visible =
        tile.mask.defined()
            ? at::eq(tile.mask, 0).to(at::kInt)
            : at::ones({tile.queries.size(), count}, at::kInt).tril(count - tile.queries.size());
    seen.narrow(0, tile.queries.begin, tile.queries.size())
        .index_add_(1, at::tensor(keys, at::TensorOptions(at::kLong)), visible);
  }
  return seen;
}

// The definition: rows of the own chain at most window - 1 positions back.
at::Tensor seen_by_definition(const RaggedBatch& batch, std::int64_t window) {
  at::Tensor seen = at::zeros({batch.rows(), batch.rows()}, at::kInt);
  auto entry = seen.accessor<int, 2>();
  const auto segment_at = [&](int i) { return batch.segments[static_cast<std::size_t>(i)]; };
  for (int i = 0; i < static_cast<int>(batch.segments.size()); ++i) {
    const Segment query = segment_at(i);
    for (auto row = query.begin; row < query.end; ++row) {
      const auto position = query.position + row - query.begin;
      for (int above = i; above >= 0; above = segment_at(above).parent) {
        const Segment key = segment_at(above);
        for (auto other = key.begin; other < key.end; ++other) {
          const auto back = position - (key.position + other - key.begin);
          if (back >= 0 && back < window) entry[row][other] = 1;
        }
      }
    }
  }
  return seen;
}

RaggedBatch forest() {
  RaggedBatch batch;
  const auto segment = [&](std::size_t size, int parent = -1) {
    return batch.add(Tokens(size, 1), parent);
  };
  const int long_prompt = segment(600);
  segment(20, long_prompt);
  segment(300, long_prompt);
  const int prompt = segment(9);
  segment(4, prompt);
  const int child = segment(6, prompt);
  segment(0, prompt);
  segment(3, child);
  segment(270, segment(5));
  return batch;
}

class Window : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(Window, ThePlanShowsEachTokenWhatTheDefinitionDoes) {
  const auto batch = forest();

  const auto plan = make_attention_plan(batch, at::TensorOptions(at::kDouble), GetParam());

  EXPECT_TRUE(at::equal(seen_in(plan, batch.rows()), seen_by_definition(batch, GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Window, ::testing::Values(1, 2, 7, 256, 257, 599, 900, 5000));

TEST(WindowPlan, TilesHaveFewKeysBesideTheirWindow) {
  const auto plan = make_attention_plan(forest(), at::TensorOptions(at::kDouble), 10);

  for (const AttentionTile& tile : plan) {
    std::int64_t keys = 0;
    for (const RowRange& range : tile.keys) keys += range.size();
    EXPECT_LE(keys, tile.queries.size() + 9);
  }
}

// Prompts much longer than the window, and of several lengths.
TEST(WindowCache, LongPromptsAreContinuedAsWithoutTheCache) {
  const TempDir temp;
  const auto dir = write_family("qwen3", temp / "model", R"({"max_position_embeddings": 2048})");
  const auto model = load_family(dir, at::kDouble);
  std::vector<GenerationRequest> requests;
  for (const std::size_t size : {1300, 3, 600, 1}) {
    Tokens prompt;
    for (std::size_t i = 0; i < size; ++i)
      prompt.push_back(static_cast<std::int64_t>((i * i + size) % 47));
    requests.push_back({prompt, 0});
  }

  const auto results = generate(*model, requests, {.max_new_tokens = 12, .temperature = 0}, {});

  for (std::size_t i = 0; i < requests.size(); ++i) {
    Tokens whole = requests[i].prompt;
    whole.insert(whole.end(), results[i].tokens.begin(), results[i].tokens.end());
    RaggedBatch batch;
    batch.add(whole);
    const auto logits = model->logits(model->hidden(batch, Adapter::kOn), Adapter::kOn);
    const auto first = static_cast<std::int64_t>(requests[i].prompt.size()) - 1;
    const auto predicted = logits.narrow(0, first, 12).argmax(-1);
    EXPECT_TRUE(at::equal(predicted, at::tensor(results[i].tokens, at::TensorOptions(at::kLong))))
        << "prompt of " << requests[i].prompt.size();
  }
}

}  // namespace
}  // namespace alarm_dist
