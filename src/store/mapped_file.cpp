// SPDX-License-Identifier: Apache-2.0
#include "store/mapped_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "alarm/base/error.hpp"

#include "store/file_descriptor.hpp"

namespace alarm_dist {

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const FileDescriptor fd = open_file(path, O_RDONLY);
  struct stat status {};
  ALARM_CHECK(::fstat(fd.get(), &status) == 0, "cannot read {}: {}", path.string(), reason(errno));
  ALARM_CHECK(S_ISREG(status.st_mode), "cannot read {}: expected a file, found something else",
              path.string());
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile(path, {}));
  void* begin = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  ALARM_CHECK(begin != MAP_FAILED, "cannot map {} ({} bytes): {}", path.string(), size,
              reason(errno));
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, {static_cast<const std::byte*>(begin), size}));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace alarm_dist
