// SPDX-License-Identifier: Apache-2.0
// An owned POSIX file descriptor and the few system calls on it that the room needs, with errors
// that name the file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace alarm_dist {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

std::string reason(int error_number);  // the system's text

// Throws Error with the path and the reason.
FileDescriptor open_file(const std::filesystem::path& path, int flags);
// All of the bytes or an Error; path is for the message.
void write_all(const FileDescriptor& fd, std::span<const std::byte> bytes,
               const std::filesystem::path& path);
void sync_file(const FileDescriptor& fd, const std::filesystem::path& path);
// Makes the names in the folder durable: a rename is lost with the power otherwise.
void sync_folder(const std::filesystem::path& dir);

}  // namespace alarm_dist
