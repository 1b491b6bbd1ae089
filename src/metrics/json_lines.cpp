// SPDX-License-Identifier: Apache-2.0
#include "metrics/json_lines.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <system_error>
#include <unistd.h>

#include "alarm/base/error.hpp"

namespace alarm_dist::metrics {
namespace {

struct Line {
  std::string text;
  std::size_t number = 0;  // from 1
  bool is_last = false;
};

// Calls visit with every line that has its end.
void for_each_whole_line(const std::string& content,
                         const std::function<void(const Line&)>& visit) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = content.find('\n', begin);
    if (end == std::string::npos) return;
    visit({content.substr(begin, end - begin), ++number, end + 1 == content.size()});
    begin = end + 1;
  }
}

// Nothing for a damaged last line: a machine that lost power may leave one.
std::optional<Json> parse_line(const std::filesystem::path& path, const Line& line) {
  Json value = Json::parse(line.text, nullptr, /*allow_exceptions=*/false);
  const bool good =
      value.is_object() && value.contains("step") && value["step"].is_number_integer();
  if (good) return value;
  ALARM_CHECK(line.is_last,
              "{}:{}: expected a JSON object with a whole number \"step\", found: {:.80}",
              path.string(), line.number, line.text);
  return std::nullopt;
}

void sync_to_disk(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

std::string dump(const Json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

void for_each_line(const std::filesystem::path& path,
                   const std::function<void(const Json&)>& visit) {
  const auto content = read_if_there(path);
  if (!content) return;
  for_each_whole_line(*content, [&](const Line& line) {
    if (const auto value = parse_line(path, line)) {
      converting(path.string() + ":" + std::to_string(line.number), [&] { visit(*value); });
    }
  });
}

void drop_later_steps(const std::filesystem::path& path, std::int64_t last_step) {
  const auto content = read_if_there(path);
  if (!content) return;
  std::string kept;
  for_each_whole_line(*content, [&](const Line& line) {
    const auto value = parse_line(path, line);
    if (value && (*value)["step"].get<std::int64_t>() <= last_step) kept += line.text + '\n';
  });
  if (kept != *content) write_whole(path, kept);
}

std::ofstream open_for_append(const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  ALARM_CHECK(file.good(), "{}: cannot be opened for writing: {}", path.string(),
              std::strerror(errno));
  return file;
}

void append_line(std::ofstream& file, const std::filesystem::path& path, std::string_view line) {
  file << line << '\n' << std::flush;
  ALARM_CHECK(file.good(), "{}: cannot write: {}", path.string(), std::strerror(errno));
}

std::optional<std::string> read_if_there(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  ALARM_CHECK(file.good(), "{}: cannot be read: {}", path.string(), std::strerror(errno));
  return std::move(text).str();
}

std::optional<Json> read_json_if_there(const std::filesystem::path& path) {
  const auto text = read_if_there(path);
  if (!text) return std::nullopt;
  return converting(path, [&] { return Json::parse(*text); });
}

void write_whole(const std::filesystem::path& path, std::string_view text) {
  auto beside = path;
  beside += ".tmp";
  {
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    file << text << std::flush;
    ALARM_CHECK(file.good(), "{}: cannot write: {}", beside.string(), std::strerror(errno));
  }
  sync_to_disk(beside);
  std::error_code failed;
  std::filesystem::rename(beside, path, failed);
  ALARM_CHECK(!failed, "{}: cannot be put in place: {}", path.string(), failed.message());
}

void fail_conversion(const std::filesystem::path& path, const std::string& reason) {
  throw Error(fmt::format("{}: not what alarm-dist writes: {}", path.string(), reason));
}

}  // namespace alarm_dist::metrics
