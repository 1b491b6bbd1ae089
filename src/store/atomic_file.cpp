// SPDX-License-Identifier: Apache-2.0
#include "alarm/store/atomic_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <span>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

#include "alarm/base/error.hpp"

#include "store/atomic_writer.hpp"
#include "store/file_descriptor.hpp"

namespace alarm_dist {

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  AtomicWriter writer(path);
  writer.write(std::as_bytes(std::span(content)));
  writer.commit();
}

std::string read_whole_file(const std::filesystem::path& path) {
  const FileDescriptor fd = open_file(path, O_RDONLY);
  std::string content;
  constexpr std::size_t kChunkBytes = 1 << 16;
  while (true) {
    const std::size_t size = content.size();
    content.resize(size + kChunkBytes);
    const ssize_t got = ::read(fd.get(), content.data() + size, kChunkBytes);
    content.resize(size + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) return content;
    ALARM_CHECK(got > 0 || errno == EINTR, "cannot read {}: {}", path.string(), reason(errno));
  }
}

void check_writable(const std::filesystem::path& dir, std::uintmax_t needed_bytes) {
  try {
    std::filesystem::create_directories(dir);
    AtomicWriter probe(dir / ".probe");  // never committed: gone at the end of the scope
    probe.write(std::as_bytes(std::span("probe")));
  } catch (const std::filesystem::filesystem_error& error) {
    throw UsageError(
        fmt::format("cannot make the folder {}: {}", dir.string(), error.code().message()));
  } catch (const Error& error) {
    throw UsageError(fmt::format("the folder {} is not writable: {}", dir.string(), error.what()));
  }
  struct statvfs status {};
  if (::statvfs(dir.c_str(), &status) != 0) {
    throw UsageError(
        fmt::format("cannot ask for the free space of {}: {}", dir.string(), reason(errno)));
  }
  const std::uintmax_t free_bytes = std::uintmax_t{status.f_bavail} * status.f_frsize;
  if (free_bytes < needed_bytes) {
    throw UsageError(fmt::format("the disk of {} is too full: {} bytes are needed, {} are free",
                                 dir.string(), needed_bytes, free_bytes));
  }
}

FileLock::FileLock(const std::filesystem::path& path) {
  auto name = path;
  name += ".lock";
  FileDescriptor fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  ALARM_CHECK(fd.get() >= 0, "cannot open the lock {}: {}", name.string(), reason(errno));
  while (::flock(fd.get(), LOCK_EX) != 0) {
    ALARM_CHECK(errno == EINTR, "cannot lock {}: {}", name.string(), reason(errno));
  }
  fd_ = fd.release();
}

// The lock file stays: removing it would let a process that waits on it and one that makes it anew
// both hold "the" lock.
FileLock::~FileLock() { ::close(fd_); }

}  // namespace alarm_dist
