// SPDX-License-Identifier: Apache-2.0
#include "store/file_descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string reason(int error_number) { return std::generic_category().message(error_number); }

FileDescriptor open_file(const std::filesystem::path& path, int flags) {
  FileDescriptor fd(::open(path.c_str(), flags | O_CLOEXEC));
  ALARM_CHECK(fd.get() >= 0, "cannot open {}: {}", path.string(), reason(errno));
  return fd;
}

void write_all(const FileDescriptor& fd, std::span<const std::byte> bytes,
               const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    ALARM_CHECK(written >= 0, "cannot write {}: {}", path.string(), reason(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void sync_file(const FileDescriptor& fd, const std::filesystem::path& path) {
  ALARM_CHECK(::fsync(fd.get()) == 0, "cannot write {}: {}", path.string(), reason(errno));
}

void sync_folder(const std::filesystem::path& dir) {
  const FileDescriptor fd = open_file(dir, O_RDONLY | O_DIRECTORY);
  // Some network file systems refuse to sync a folder (EINVAL); they order names themselves.
  ALARM_CHECK(::fsync(fd.get()) == 0 || errno == EINVAL, "cannot sync the folder {}: {}",
              dir.string(), reason(errno));
}

}  // namespace alarm_dist
