// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alarm/config/yaml.hpp"

#include "config/scalar.hpp"

namespace alarm_dist {
namespace config {
namespace {

std::string format_value(double value) { return format_number(value); }
std::string format_value(std::int64_t value) { return fmt::format("{}", value); }
std::string format_value(const std::string& value) { return format_text(value); }

template <typename T>
std::string format_list(const std::vector<T>& values) {
  std::vector<std::string> items;
  for (const auto& value : values) items.push_back(format_value(value));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

// The names of mappings whose keys the user names, by the path of the mapping.
using NamesByPath = std::map<std::vector<std::string>, std::vector<std::string>>;

// Two blanks a level; an empty mapping is {}, an absent one ~, and so is a name that is below only.
class Writer : public FieldVisitor {
 public:
  explicit Writer(NamesByPath below) : below_(std::move(below)) {}
  std::string take() { return std::move(text_); }
  const NamesByPath& names() const { return names_; }

  void field(std::string_view key, double& value, const Range&, std::string_view) override {
    line(key, format_number(value));
  }
  void field(std::string_view key, std::int64_t& value, const Range&, std::string_view) override {
    line(key, format_value(value));
  }
  void field(std::string_view key, bool& value, std::string_view) override {
    line(key, value ? "true" : "false");
  }
  void field(std::string_view key, std::string& value, std::string_view) override {
    line(key, format_text(value));
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view) override {
    line(key, format_list(value));
  }
  void field(std::string_view key, std::vector<double>& value, const Range&,
             std::string_view) override {
    line(key, format_list(value));
  }
  void field(std::string_view key, std::vector<std::int64_t>& value, const Range&,
             std::string_view) override {
    line(key, format_list(value));
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>&,
              std::string_view) override {
    line(key, format_text(value));
  }
  void section(std::string_view key, std::string_view, const std::function<void()>& body) override {
    if (!written_as_word(key)) nest(key, body);
  }
  void optional_section(std::string_view key, bool& present, std::string_view,
                        const std::function<void()>& body) override {
    if (written_as_word(key)) return;
    if (present) {
      nest(key, body);
    } else {
      line(key, "~");
    }
  }
  void named_sections(std::string_view key, std::vector<std::string>& keys, std::string_view,
                      const std::function<void(const std::string&)>& body) override {
    nest(key, [&] {
      names_[path_] = keys;
      for (const auto& name : keys) nest(name, [&] { body(name); });
      for (const auto& name : below_[path_]) {
        if (std::find(keys.begin(), keys.end(), name) == keys.end()) line(name, "~");
      }
    });
  }
  bool word(std::string_view key, std::string& value, const std::vector<std::string>& words,
            std::string_view) override {
    const bool holds = words.empty() ? !value.empty()
                                     : std::find(words.begin(), words.end(), value) != words.end();
    if (holds) {
      line(key, format_text(value));
      words_.emplace_back(path_.size(), key);
    }
    return holds;
  }
  void require(bool, std::string_view, std::string_view) override {}

 private:
  void line(std::string_view key, std::string_view value) {
    text_ += fmt::format("{:{}}{}: {}\n", "", 2 * path_.size(), format_text(key), value);
  }

  void nest(std::string_view key, const std::function<void()>& body) {
    const auto start = text_.size();
    text_ += fmt::format("{:{}}{}:\n", "", 2 * path_.size(), format_text(key));
    const auto inside = text_.size();
    path_.emplace_back(key);
    body();
    std::erase_if(words_, [&](const auto& word) { return word.first == path_.size(); });
    path_.pop_back();
    if (text_.size() == inside) {
      text_.resize(start);
      line(key, "{}");
    }
  }

  bool written_as_word(std::string_view key) const {
    return std::find(words_.begin(), words_.end(), std::pair(path_.size(), std::string(key))) !=
           words_.end();
  }

  std::string text_;
  std::vector<std::string> path_;  // of the open mapping
  NamesByPath names_, below_;
  std::vector<std::pair<std::size_t, std::string>>
      words_;  // keys of the open mappings that were written as a word
};

}  // namespace
}  // namespace config

std::string write_config(const std::function<void(FieldVisitor&)>& describe,
                         const std::function<void(FieldVisitor&)>& below) {
  config::Writer base({});
  if (below) below(base);
  config::Writer writer(base.names());
  describe(writer);
  return writer.take();
}

}  // namespace alarm_dist
