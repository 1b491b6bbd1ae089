// SPDX-License-Identifier: Apache-2.0
#include "train/recipe_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/reward/model_card.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RewardModelCard card_of(std::map<std::string, std::string> settings) {
  RewardModelCard card;
  card.name = "holistic";
  card.input.first = "{question} {response}";
  card.input.second = "{document}";
  card.recipe = std::move(settings);
  return card;
}

RewardModelRecipe small_recipe() {
  RewardModelRecipe recipe;
  recipe.name = "holistic";
  recipe.trunk = "trunk";
  recipe.data = {"train"};
  return recipe;
}

TEST(RecipeCheck, AcceptsWhatTheSameRecipeMade) {
  const alarm_dist::testing::TempDir dir;
  const auto recipe = small_recipe();
  save_reward_model_card(dir.path(), card_of(recipe_settings(recipe)));

  EXPECT_EQ(recipe_difference(dir.path(), recipe), "");
}

TEST(RecipeCheck, NamesFolderDifferenceAndBothWaysOut) {
  const alarm_dist::testing::TempDir dir;
  auto recipe = small_recipe();
  save_reward_model_card(dir.path(), card_of(recipe_settings(recipe)));
  recipe.epochs = 5;
  recipe.data.push_back("validation");

  const auto difference = recipe_difference(dir.path(), recipe);

  EXPECT_THAT(difference, HasSubstr(dir.path().string()));
  EXPECT_THAT(difference, HasSubstr("data was 'train', is 'train,validation'; "));
  EXPECT_THAT(difference, HasSubstr("epochs was '3', is '5'"));
  EXPECT_THAT(difference, Not(HasSubstr("lr was")));
  EXPECT_THAT(difference, HasSubstr("paths.reward_models"));
  EXPECT_THAT(difference, HasSubstr("alarm-dist reward-model --name holistic"));
}

TEST(RecipeCheck, DoesNotMindSizesOfPiecesAndOfTheHeldOutSet) {
  const alarm_dist::testing::TempDir dir;
  auto recipe = small_recipe();
  save_reward_model_card(dir.path(), card_of(recipe_settings(recipe)));
  recipe.held_out += 1;
  recipe.micro_tokens += 1;

  EXPECT_EQ(recipe_difference(dir.path(), recipe), "");
}

TEST(RecipeCheck, TakesACardOfAnEarlierVersion) {
  const alarm_dist::testing::TempDir dir;
  save_reward_model_card(dir.path(), card_of({}));

  EXPECT_EQ(recipe_difference(dir.path(), small_recipe()), "");
}

}  // namespace
}  // namespace alarm_dist
