// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input_file.hpp"

#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

namespace alarm_dist::fuzz {

InputFile::InputFile(std::string_view bytes) : descriptor_(memfd_create("fuzz-input", 0)) {
  // Not an Error, which a target would swallow.
  if (descriptor_ < 0) std::abort();
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t written = write(descriptor_, rest.data(), rest.size());
    if (written <= 0) std::abort();
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

InputFile::~InputFile() { close(descriptor_); }

std::filesystem::path InputFile::path() const {
  return fmt::format("/proc/self/fd/{}", descriptor_);
}

}  // namespace alarm_dist::fuzz
