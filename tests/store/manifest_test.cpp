// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "alarm/store/atomic_file.hpp"

#include "store/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using testing::expect_error;
using testing::TempDir;
using testing::write_file;

class ManifestTest : public ::testing::Test {
 protected:
  ManifestTest() {
    std::filesystem::create_directories(dir_ / "policy");
    write_file(dir_ / "state.json", "{}");
    write_file(dir_ / "policy/weights", "0123456789");
    write_manifest(dir_.path());
  }
  void expect_damage(const std::vector<std::string>& parts) {
    expect_error([&] { verify_manifest(dir_.path()); }, parts);
  }

  TempDir dir_;
};

TEST_F(ManifestTest, AcceptsAWholeFolder) {
  EXPECT_TRUE(has_manifest(dir_.path()));
  EXPECT_NO_THROW(verify_manifest(dir_.path()));
}

TEST_F(ManifestTest, AcceptsAFolderThatMoved) {
  const TempDir elsewhere;
  std::filesystem::rename(dir_.path(), elsewhere / "moved");

  EXPECT_NO_THROW(verify_manifest(elsewhere / "moved"));
}

TEST_F(ManifestTest, CanBeWrittenAgain) {
  write_file(dir_ / "state.json", "{\"step\": 2}");

  write_manifest(dir_.path());

  EXPECT_NO_THROW(verify_manifest(dir_.path()));
}

TEST_F(ManifestTest, NamesAFileThatIsMissing) {
  std::filesystem::remove(dir_ / "policy/weights");

  expect_damage({(dir_ / "policy/weights").string(), "is missing", "MANIFEST.json"});
}

TEST_F(ManifestTest, NamesAFileOfAnotherSize) {
  write_file(dir_ / "policy/weights", "01234");

  expect_damage({(dir_ / "policy/weights").string(), "expected 10 bytes, found 5"});
}

TEST_F(ManifestTest, NamesAFileWithAnotherByte) {
  write_file(dir_ / "policy/weights", "0123456788");

  expect_damage({(dir_ / "policy/weights").string(), "is damaged: expected digest"});
}

TEST_F(ManifestTest, RefusesAFolderWithoutOne) {
  std::filesystem::remove(dir_ / "MANIFEST.json");

  EXPECT_FALSE(has_manifest(dir_.path()));
  expect_damage({dir_.path().string(), "is not complete"});
}

TEST_F(ManifestTest, RefusesADamagedManifest) {
  write_file(dir_ / "MANIFEST.json", "{\"files\": {\"state.json\"");
  expect_damage({"MANIFEST.json", "not valid JSON"});
  write_file(dir_ / "MANIFEST.json", "{}");
  expect_damage({"MANIFEST.json", "expected an object 'files'"});
  write_file(dir_ / "MANIFEST.json",
             R"({"files": {"../../etc/passwd": {"bytes": 1, "digest": ""}}})");
  expect_damage({"not a name inside the folder"});
  write_file(dir_ / "MANIFEST.json", R"({"files": {"state.json": {"bytes": -1}}})");
  expect_damage({"'state.json'", "expected an object with bytes and digest"});
}

}  // namespace
}  // namespace alarm_dist
