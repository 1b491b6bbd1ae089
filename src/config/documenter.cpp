// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alarm/config/yaml.hpp"

#include "config/node.hpp"
#include "config/scalar.hpp"

namespace alarm_dist {
namespace config {
namespace {

std::string code(std::string_view text) { return fmt::format("`{}`", text); }

// Text in a cell of a table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string with_range(std::string_view what, const Range& range) {
  const auto limits = format_range(range);
  return limits.empty() ? std::string(what) : fmt::format("{} {}", what, limits);
}

std::string code_words(const std::vector<std::string>& words) {
  std::vector<std::string> coded;
  for (const auto& word : words) coded.push_back(code(word));
  return fmt::format("{}", fmt::join(coded, ", "));
}

// A section's own keys come before its sections, in whatever order they are described: a table
// cannot be nested.
class Documenter : public FieldVisitor {
 public:
  std::string take() { return render(root_); }

  void field(std::string_view key, double& value, const Range& range,
             std::string_view doc) override {
    row(key, with_range("number", range), code(format_number(value)), doc);
  }
  void field(std::string_view key, std::int64_t& value, const Range& range,
             std::string_view doc) override {
    row(key, with_range("integer", range), code(fmt::format("{}", value)), doc);
  }
  void field(std::string_view key, bool& value, std::string_view doc) override {
    row(key, "`true` or `false`", code(value ? "true" : "false"), doc);
  }
  void field(std::string_view key, std::string& value, std::string_view doc) override {
    row(key, "text", code(format_text(value)), doc);
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view doc) override {
    std::vector<std::string> items;
    for (const auto& item : value) items.push_back(format_text(item));
    row(key, "list of texts", list(items), doc);
  }
  void field(std::string_view key, std::vector<double>& value, const Range& each,
             std::string_view doc) override {
    std::vector<std::string> items;
    for (const double item : value) items.push_back(format_number(item));
    row(key, with_range("list of numbers", each), list(items), doc);
  }
  void field(std::string_view key, std::vector<std::int64_t>& value, const Range& each,
             std::string_view doc) override {
    std::vector<std::string> items;
    for (const auto item : value) items.push_back(fmt::format("{}", item));
    row(key, with_range("list of integers", each), list(items), doc);
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& words,
              std::string_view doc) override {
    row(key, code_words(words), code(value), doc);
  }
  void section(std::string_view key, std::string_view doc,
               const std::function<void()>& body) override {
    nest(key, std::string(doc), body);
  }
  void optional_section(std::string_view key, bool& present, std::string_view doc,
                        const std::function<void()>& body) override {
    nest(key,
         fmt::format("{} May be absent (`~`); by default it is {}.", doc,
                     present ? "present" : "absent"),
         body);
  }
  void named_sections(std::string_view key, std::vector<std::string>& keys, std::string_view doc,
                      const std::function<void(const std::string&)>& body) override {
    const auto defaults = keys.empty() ? "none" : code_words(keys);
    nest(join_key(key, "<name>"), fmt::format("{} By default: {}.", doc, defaults),
         [&] { body("<name>"); });
  }
  bool word(std::string_view key, std::string& value, const std::vector<std::string>& words,
            std::string_view doc) override {
    const auto type = words.empty() ? "text" : code_words(words);
    row(key, fmt::format("{} or a mapping", type), value.empty() ? "a mapping" : code(value), doc);
    return false;
  }
  void require(bool, std::string_view, std::string_view) override {}

 private:
  struct Section {
    std::string path;
    std::string doc;
    std::vector<std::string> rows;
    std::vector<Section> sections;
  };

  static std::string list(const std::vector<std::string>& items) {
    return code(fmt::format("[{}]", fmt::join(items, ", ")));
  }

  void row(std::string_view key, std::string_view type, std::string_view value,
           std::string_view doc) {
    open_->rows.push_back(
        fmt::format("| {} | {} | {} | {} |\n", code(key), cell(type), cell(value), cell(doc)));
  }

  void nest(std::string_view key, std::string doc, const std::function<void()>& body) {
    Section section{join_key(open_->path, key), std::move(doc), {}, {}};
    Section* parent = std::exchange(open_, &section);
    body();
    open_ = parent;
    parent->sections.push_back(std::move(section));
  }

  static std::string render(const Section& section) {
    std::string text;
    if (!section.path.empty()) {
      const auto depth = 2 + std::count(section.path.begin(), section.path.end(), '.');
      text += fmt::format("{:#<{}} `{}`\n\n", "", std::min<std::ptrdiff_t>(depth, 6), section.path);
    }
    if (!section.doc.empty()) text += section.doc + "\n\n";
    if (!section.rows.empty()) {
      text += "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
      for (const auto& line : section.rows) text += line;
      text += '\n';
    }
    for (const auto& child : section.sections) text += render(child);
    return text;
  }

  Section root_;
  Section* open_ = &root_;
};

}  // namespace
}  // namespace config

std::string document_config(const std::function<void(FieldVisitor&)>& describe) {
  config::Documenter documenter;
  describe(documenter);
  return documenter.take();
}

}  // namespace alarm_dist
