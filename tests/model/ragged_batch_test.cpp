// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/ragged_batch.hpp"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/model/response_scores.hpp"

#include "model/attention_plan.hpp"

namespace alarm_dist {
namespace {

using Tokens = std::vector<std::int64_t>;
using ::testing::ElementsAre;

std::vector<std::int64_t> values(const at::Tensor& tensor) {
  const auto* data = tensor.const_data_ptr<std::int64_t>();
  return {data, data + tensor.numel()};
}

TEST(RaggedBatch, PositionsContinueTheParentChain) {
  RaggedBatch batch;
  const int prompt = batch.add(Tokens{1, 2, 3});
  batch.add(Tokens{4, 5}, prompt);
  const int empty = batch.add(Tokens{}, prompt);
  batch.add(Tokens{6}, empty);
  batch.add(Tokens{7});

  EXPECT_THAT(values(batch.positions_N(c10::kCPU)), ElementsAre(0, 1, 2, 3, 4, 3, 0));
  EXPECT_THAT(values(batch.tokens_N(c10::kCPU)), ElementsAre(1, 2, 3, 4, 5, 6, 7));
}

TEST(RaggedBatch, RowBeforeSkipsEmptyParents) {
  RaggedBatch batch;
  const int prompt = batch.add(Tokens{1, 2, 3});
  const int empty = batch.add(Tokens{}, prompt);
  const int child = batch.add(Tokens{6}, empty);
  const int orphan = batch.add(Tokens{}, batch.add(Tokens{}));

  EXPECT_EQ(batch.row_before(child), 2);
  EXPECT_EQ(batch.row_before(prompt), -1);
  EXPECT_EQ(batch.row_before(orphan), -1);
}

TEST(RaggedBatch, RefusesALaterParent) {
  RaggedBatch batch;

  EXPECT_THROW(batch.add(Tokens{1}, 0), Error);
}

TEST(AttentionPlan, CoversEveryRowOnceAndMasksSiblings) {
  RaggedBatch batch;
  const int prompt = batch.add(Tokens{1, 2});
  batch.add(Tokens{3, 4}, prompt);
  batch.add(Tokens{5}, prompt);
  batch.add(Tokens{6, 7});

  const auto plan = make_attention_plan(batch, at::TensorOptions(at::kDouble));

  ASSERT_EQ(plan.size(), 3U);
  EXPECT_FALSE(plan[0].mask.defined());
  EXPECT_EQ(plan[1].queries.begin, 2);
  EXPECT_EQ(plan[1].queries.end, 5);
  ASSERT_EQ(plan[1].keys.size(), 1U) << "prompt and responses stand end to end: one view";
  const auto visible = plan[1].mask.eq(0).to(at::kLong).flatten();
  EXPECT_THAT(values(visible), ElementsAre(1, 1, 1, 0, 0,  //
                                           1, 1, 1, 1, 0,  //
                                           1, 1, 0, 0, 1));
  EXPECT_EQ(plan[2].queries.begin, 5);
}

TEST(AttentionPlan, AnOnlyChildContinuesTheCausalRun) {
  RaggedBatch batch;
  const int child = batch.add(Tokens{3, 4}, batch.add(Tokens{1, 2}));
  batch.add(Tokens{5}, child);
  batch.add(Tokens{6}, batch.add(Tokens{7}));

  const auto plan = make_attention_plan(batch, at::TensorOptions(at::kDouble));

  ASSERT_EQ(plan.size(), 2U);
  EXPECT_FALSE(plan[0].mask.defined());
  EXPECT_EQ(plan[0].queries.end, 5);
  EXPECT_FALSE(plan[1].mask.defined());
  EXPECT_EQ(plan[1].queries.end, 7);
}

TEST(ResponseBatch, KnowsTheRowThatPredictsEachToken) {
  ResponseBatch batch;
  batch.add(Tokens{1, 2}, std::vector<Tokens>{{3, 4}, {5}});
  batch.add(Tokens{6}, std::vector<Tokens>{{7, 8, 9}});

  EXPECT_THAT(batch.predicting_rows(), ElementsAre(1, 2, 1, 5, 6, 7));
  EXPECT_THAT(batch.targets(), ElementsAre(3, 4, 5, 7, 8, 9));
  EXPECT_THAT(batch.offsets(), ElementsAre(0, 2, 3, 6));
  EXPECT_EQ(batch.batch().rows(), 9);
}

TEST(ResponseBatch, RefusesAnEmptyResponse) {
  ResponseBatch batch;

  EXPECT_THROW(batch.add(Tokens{1}, std::vector<Tokens>{{}}), Error);
}

}  // namespace
}  // namespace alarm_dist
