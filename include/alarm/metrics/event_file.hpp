// SPDX-License-Identifier: Apache-2.0
// TensorBoard's event files, written by hand: TFRecord frames round Event messages in protobuf's
// wire format.
//
// Only what scalars need: the version header, the marker of a restart, and one Event a step with
// simple_value entries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace alarm_dist {

std::uint32_t crc32c(std::string_view bytes);         // Castagnoli polynomial, RFC 3720
std::uint32_t masked_crc32c(std::string_view bytes);  // as TFRecord stores it

// The frame round a record: length, checksum of the length, the record, its checksum.
std::string tf_record(std::string_view record);

using ScalarSpan = std::span<const std::pair<std::string, double>>;

// Event messages; wall_time in seconds since 1970.
std::string version_event(double wall_time);
std::string restart_event(
    double wall_time, std::int64_t first_step);  // readers drop earlier events from this step on
std::string scalar_event(double wall_time, std::int64_t step, ScalarSpan values);

// Appends events to one file, flushed each time.
class EventFile {
 public:
  // Creates dir and a new file events.out.tfevents.<time>.<host>.<pid> in it; throws Error when it
  // cannot.
  explicit EventFile(const std::filesystem::path& dir);

  void write(std::int64_t step, ScalarSpan values);
  void write_restart(std::int64_t first_step);

 private:
  void append(std::string_view event);
  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace alarm_dist
