// SPDX-License-Identifier: Apache-2.0
// What the environments of the launchers mean.
#include "comm/launcher.hpp"

#include <cstdlib>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace alarm_dist::testing {
namespace {

std::optional<int> size_under(const std::map<std::string, std::string>& environment) {
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  const auto size = launched_size();
  for (const auto& entry : environment) unsetenv(entry.first.c_str());
  return size;
}

TEST(Launcher, KnowsThoseThatStartedIt) {
  EXPECT_EQ(size_under({{"OMPI_COMM_WORLD_SIZE", "4"}}), 4);
  EXPECT_EQ(size_under({{"PMI_SIZE", "2"}, {"PMI_RANK", "0"}}), 2);
  EXPECT_EQ(size_under({{"PMIX_RANK", "0"}}), 0) << "started, but the size is not told";
  EXPECT_EQ(size_under({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "8"}}), 8);
  EXPECT_EQ(
      size_under({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_STEP_NUM_TASKS", "2"}}), 2);
}

TEST(Launcher, KnowsWhenThereIsNone) {
  EXPECT_EQ(size_under({}), std::nullopt);
  EXPECT_EQ(size_under({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}), std::nullopt);
  EXPECT_EQ(
      size_under({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_STEP_NUM_TASKS", "1"}}),
      std::nullopt)
      << "a batch script in an allocation of 8";
}

}  // namespace
}  // namespace alarm_dist::testing
