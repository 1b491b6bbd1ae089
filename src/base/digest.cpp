// SPDX-License-Identifier: Apache-2.0
#include "alarm/base/digest.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <xxhash.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

std::string to_hex(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

std::string digest(std::span<const std::byte> bytes) {
  return to_hex(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string digest(std::string_view text) { return to_hex(XXH3_128bits(text.data(), text.size())); }

std::string digest_file(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  ALARM_CHECK(file != nullptr, "{}: {}", path.string(), std::strerror(errno));
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<std::byte> buffer(1 << 20);
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    XXH3_128bits_update(state.get(), buffer.data(), got);
  }
  ALARM_CHECK(std::ferror(file.get()) == 0, "{}: read error", path.string());
  return to_hex(XXH3_128bits_digest(state.get()));
}

}  // namespace alarm_dist
