// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/sync.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/comm/world.hpp"

namespace alarm_dist {
namespace {

TEST(Sync, SumsGradientsAndCountsMissingOnesAsZero) {
  run_thread_world(4, [](World& world) {
    const at::Tensor a = at::zeros({3, 2}, at::kDouble).requires_grad_(true);
    const at::Tensor b = at::zeros({5}, at::kFloat).requires_grad_(true);
    if (world.rank() != 2) a.mutable_grad() = at::full({3, 2}, world.rank() + 1.0, at::kDouble);
    b.mutable_grad() = at::full({5}, 1.0f, at::kFloat);

    sum_gradients(world.communicator(), {a, b});

    EXPECT_TRUE(at::equal(a.grad(), at::full({3, 2}, 1.0 + 2.0 + 4.0, at::kDouble)));
    EXPECT_TRUE(at::equal(b.grad(), at::full({5}, 4.0f, at::kFloat)));
  });
}

TEST(Sync, BroadcastsAndProvesEquality) {
  run_thread_world(3, [](World& world) {
    const NamedTensors tensors{
        {"w", at::full({4}, static_cast<double>(world.rank()), at::kDouble)},
        {"v", at::full({2}, static_cast<float>(world.rank()) * 2.0F, at::kFloat)}};

    broadcast_tensors(world.communicator(), tensors, 1);

    EXPECT_TRUE(at::equal(tensors[0].second, at::ones({4}, at::kDouble)));
    EXPECT_NO_THROW(check_same_tensors(world.communicator(), tensors, 1, "weights"));
  });
}

TEST(Sync, NamesTheRanksThatDiffer) {
  run_thread_world(3, [](World& world) {
    const NamedTensors tensors{{"w", at::full({4}, world.rank() == 2 ? 1.0 : 0.0, at::kDouble)}};
    try {
      check_same_tensors(world.communicator(), tensors, 0, "weights version 7");
      ADD_FAILURE() << "expected an error";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "weights version 7: ranks 2 hold other weights than rank 0");
    }
  });
}

TEST(Sync, DigestSeesNamesShapesAndBits) {
  const at::Tensor t = at::arange(6, at::kFloat);
  const auto base = digest_tensors({{"a", t}});

  EXPECT_EQ(base, digest_tensors({{"a", t.clone()}}));
  EXPECT_NE(base, digest_tensors({{"b", t}}));
  EXPECT_NE(base, digest_tensors({{"a", t.view({2, 3})}}));
  EXPECT_NE(base, digest_tensors({{"a", t + 1e-6}}));
}

}  // namespace
}  // namespace alarm_dist
