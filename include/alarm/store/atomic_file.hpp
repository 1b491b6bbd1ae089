// SPDX-License-Identifier: Apache-2.0
// Files that are complete or absent, and folders that are: write beside, sync, rename.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace alarm_dist {

// Throws Error with the path and the system's reason (disk full, read-only); the old file, if any,
// stays whole.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);
std::string read_whole_file(const std::filesystem::path& path);

// Fails early: creates the folder, writes and removes a probe file, checks that needed_bytes are
// free. Throws UsageError.
void check_writable(const std::filesystem::path& dir, std::uintmax_t needed_bytes);

// Digests of every file of the folder into MANIFEST.json, written last, synced. A folder without
// one is not complete.
void write_manifest(const std::filesystem::path& dir);
// Throws Error naming the file that is missing, damaged or of another size.
void verify_manifest(const std::filesystem::path& dir);
bool has_manifest(const std::filesystem::path& dir);

// Holds an exclusive lock on path.lock for its lifetime, so that one rank of a node prepares a
// shared file.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace alarm_dist
