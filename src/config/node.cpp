// SPDX-License-Identifier: Apache-2.0
#include "config/node.hpp"

#include <fmt/format.h>

namespace alarm_dist::config {
namespace {

constexpr std::size_t kShownBytes = 60;

std::string shorten(const std::string& text) {
  if (text.size() <= kShownBytes) return text;
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;  // whole characters
  return text.substr(0, end) + "...";
}

}  // namespace

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kPlain:
      return fmt::format("'{}'", shorten(node.text));
    case Node::Kind::kQuoted:
      return fmt::format("the text \"{}\"", shorten(node.text));
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return node.entries.empty() ? "an empty mapping" : "a mapping";
  }
  return {};
}

std::string join_key(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

}  // namespace alarm_dist::config
