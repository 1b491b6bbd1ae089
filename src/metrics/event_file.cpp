// SPDX-License-Identifier: Apache-2.0
#include "alarm/metrics/event_file.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <unistd.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

// Field numbers of tensorflow/core/util/event.proto and framework/summary.proto.
enum EventField : std::uint32_t {
  kWallTime = 1,
  kStep = 2,
  kFileVersion = 3,
  kSummary = 5,
  kSessionLog = 7
};
constexpr std::uint32_t kSummaryValue = 1;
constexpr std::uint32_t kValueTag = 1;
constexpr std::uint32_t kValueSimple = 2;
constexpr std::uint32_t kSessionStatus = 1;
constexpr std::uint64_t kSessionStart = 1;

template <typename T>
std::string raw(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// A message under construction, in protobuf's wire format.
class Message {
 public:
  Message& varint(std::uint32_t field, std::uint64_t value) {
    tag(field, 0);
    put_varint(value);
    return *this;
  }
  Message& fixed(std::uint32_t field, double value) {
    tag(field, 1);
    bytes_ += raw(value);
    return *this;
  }
  Message& fixed(std::uint32_t field, float value) {
    tag(field, 5);
    bytes_ += raw(value);
    return *this;
  }
  Message& bytes(std::uint32_t field, std::string_view value) {
    tag(field, 2);
    put_varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& text() const { return bytes_; }

 private:
  void tag(std::uint32_t field, std::uint32_t wire_type) { put_varint(field << 3 | wire_type); }
  void put_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

double now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace

std::string tf_record(std::string_view record) {
  const std::string length = raw(static_cast<std::uint64_t>(record.size()));
  std::string framed = length + raw(masked_crc32c(length));
  framed += record;
  framed += raw(masked_crc32c(record));
  return framed;
}

std::string version_event(double wall_time) {
  return Message().fixed(kWallTime, wall_time).bytes(kFileVersion, "brain.Event:2").text();
}

std::string restart_event(double wall_time, std::int64_t first_step) {
  const auto start = Message().varint(kSessionStatus, kSessionStart);
  return Message()
      .fixed(kWallTime, wall_time)
      .varint(kStep, static_cast<std::uint64_t>(first_step))
      .bytes(kSessionLog, start.text())
      .text();
}

std::string scalar_event(double wall_time, std::int64_t step, ScalarSpan values) {
  Message summary;
  for (const auto& [tag, value] : values) {
    if (!std::isfinite(value)) continue;
    summary.bytes(
        kSummaryValue,
        Message().bytes(kValueTag, tag).fixed(kValueSimple, static_cast<float>(value)).text());
  }
  return Message()
      .fixed(kWallTime, wall_time)
      .varint(kStep, static_cast<std::uint64_t>(step))
      .bytes(kSummary, summary.text())
      .text();
}

EventFile::EventFile(const std::filesystem::path& dir) {
  std::filesystem::create_directories(dir);
  const double now = now_s();
  // The serial number keeps two files of one process and second apart; readers take files in the
  // order of their names.
  static int serial = 0;
  path_ = dir / fmt::format("events.out.tfevents.{:010}.{}.{}.{}", static_cast<std::int64_t>(now),
                            host_name(), ::getpid(), serial++);
  file_.open(path_, std::ios::binary | std::ios::trunc);
  ALARM_CHECK(file_.good(), "{}: cannot be opened for writing: {}", path_.string(),
              std::strerror(errno));
  append(version_event(now));
}

void EventFile::write(std::int64_t step, ScalarSpan values) {
  append(scalar_event(now_s(), step, values));
}

void EventFile::write_restart(std::int64_t first_step) {
  append(restart_event(now_s(), first_step));
}

void EventFile::append(std::string_view event) {
  file_ << tf_record(event) << std::flush;
  ALARM_CHECK(file_.good(), "{}: cannot write: {}", path_.string(), std::strerror(errno));
}

}  // namespace alarm_dist
