// SPDX-License-Identifier: Apache-2.0
#include "store/atomic_writer.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicWriter::AtomicWriter(const std::filesystem::path& path) : path_(path) {
  // O_EXCL makes the name ours among the threads, processes and nodes that write here.
  for (int attempt = 0; fd_.get() < 0; ++attempt) {
    temporary_ = path;
    temporary_ += fmt::format(".tmp-{}-{}", ::getpid(), attempt);
    fd_ = FileDescriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    ALARM_CHECK(fd_.get() >= 0 || errno == EEXIST, "cannot write {}: {}", path.string(),
                reason(errno));
  }
}

AtomicWriter::~AtomicWriter() {
  if (fd_.get() >= 0) ::unlink(temporary_.c_str());
}

void AtomicWriter::write(std::span<const std::byte> bytes) { write_all(fd_, bytes, path_); }

void AtomicWriter::commit() {
  sync_file(fd_, path_);
  ALARM_CHECK(std::rename(temporary_.c_str(), path_.c_str()) == 0, "cannot write {}: {}",
              path_.string(), reason(errno));
  fd_.reset();
  sync_folder(folder_of(path_));
}

}  // namespace alarm_dist
