// SPDX-License-Identifier: Apache-2.0
#include "alarm/store/atomic_file.hpp"

#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"

#include "store/atomic_writer.hpp"
#include "store/expect_error.hpp"
#include "store/file_descriptor.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using testing::expect_error;
using testing::TempDir;

std::size_t count_files(const std::filesystem::path& dir) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir), {}));
}

TEST(AtomicFileTest, ReplacesAFileAndLeavesNothingElse) {
  const TempDir dir;
  const std::string large(300'000, 'x');

  write_file_atomically(dir / "a", "old");
  write_file_atomically(dir / "a", large);

  EXPECT_EQ(read_whole_file(dir / "a"), large);
  EXPECT_EQ(count_files(dir.path()), 1);
}

TEST(AtomicFileTest, AnAbandonedWriterLeavesTheOldFile) {
  const TempDir dir;
  write_file_atomically(dir / "a", "old");
  {
    AtomicWriter writer(dir / "a");
    writer.write(std::as_bytes(std::span("new")));
  }

  EXPECT_EQ(read_whole_file(dir / "a"), "old");
  EXPECT_EQ(count_files(dir.path()), 1);
}

TEST(AtomicFileTest, WritersOfOneFileDoNotMix) {
  const TempDir dir;
  std::vector<std::thread> threads;

  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      write_file_atomically(dir / "a", std::string(100'000, static_cast<char>('a' + i)));
    });
  }
  for (auto& thread : threads) thread.join();

  const auto content = read_whole_file(dir / "a");
  EXPECT_EQ(content, std::string(100'000, content.at(0)));
  EXPECT_EQ(count_files(dir.path()), 1);
}

TEST(AtomicFileTest, NamesThePathAndTheReason) {
  const TempDir dir;

  expect_error([&] { write_file_atomically(dir / "no/a", "x"); },
               {(dir / "no/a").string(), "No such file or directory"});
  expect_error([&] { read_whole_file(dir / "no"); },
               {(dir / "no").string(), "No such file or directory"});
  expect_error([&] { read_whole_file(dir.path()); }, {dir.path().string(), "Is a directory"});
}

TEST(AtomicFileTest, AFullDiskIsAnError) {
  const FileDescriptor full(::open("/dev/full", O_WRONLY));
  if (full.get() < 0) GTEST_SKIP() << "no /dev/full here";

  expect_error([&] { write_all(full, std::as_bytes(std::span("text")), "run/state.json"); },
               {"run/state.json", "No space left on device"});
}

TEST(CheckWritableTest, MakesTheFolderAndLeavesItEmpty) {
  const TempDir dir;

  check_writable(dir / "runs/one", 1000);

  EXPECT_EQ(count_files(dir / "runs/one"), 0);
}

TEST(CheckWritableTest, NamesTheFolderAndTheReason) {
  const TempDir dir;
  testing::write_file(dir / "file", "");

  expect_error([&] { check_writable(dir / "file/sub", 0); },
               {(dir / "file/sub").string(), "Not a directory"});
  expect_error([&] { check_writable(dir.path(), ~std::uintmax_t{0}); },
               {dir.path().string(), "too full", "are free"});
  expect_error([&] { check_writable("/proc", 0); }, {"/proc", "not writable"});
  EXPECT_THROW(check_writable("/proc/none", 0), UsageError);
}

TEST(CheckWritableTest, RefusesAReadOnlyFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "root writes anywhere";
  const TempDir dir;
  std::filesystem::permissions(
      dir.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);

  expect_error([&] { check_writable(dir.path(), 0); }, {dir.path().string(), "Permission denied"});

  std::filesystem::permissions(dir.path(), std::filesystem::perms::owner_all);
}

TEST(FileLockTest, HoldsOthersOffUntilItIsGone) {
  const TempDir dir;
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::thread> threads;

  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const FileLock lock(dir / "shared");
      most = std::max<int>(most, ++inside);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      --inside;
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(most, 1);
}

TEST(FileLockTest, NamesAFolderThatIsMissing) {
  expect_error([] { FileLock lock("/nowhere/a"); },
               {"/nowhere/a.lock", "No such file or directory"});
}

TEST(FileDescriptorTest, MovesAndSelfMoves) {
  FileDescriptor first(::open("/dev/null", O_RDONLY));
  const int number = first.get();

  FileDescriptor second = std::move(first);
  auto& alias = second;
  second = std::move(alias);
  EXPECT_EQ(second.get(), number);
  first = std::move(second);

  EXPECT_EQ(first.get(), number);
  EXPECT_EQ(second.get(), -1);
}

}  // namespace
}  // namespace alarm_dist
