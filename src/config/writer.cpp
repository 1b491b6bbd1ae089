// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
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

// Two blanks a level; an empty mapping is {}, an absent one ~.
class Writer : public FieldVisitor {
 public:
  std::string take() { return std::move(text_); }

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
      for (const auto& name : keys) nest(name, [&] { body(name); });
    });
  }
  bool word(std::string_view key, std::string& value, const std::vector<std::string>& words,
            std::string_view) override {
    const bool holds = words.empty() ? !value.empty()
                                     : std::find(words.begin(), words.end(), value) != words.end();
    if (holds) {
      line(key, format_text(value));
      words_.emplace_back(depth_, key);
    }
    return holds;
  }
  void require(bool, std::string_view, std::string_view) override {}

 private:
  void line(std::string_view key, std::string_view value) {
    text_ += fmt::format("{:{}}{}: {}\n", "", 2 * depth_, format_text(key), value);
  }

  void nest(std::string_view key, const std::function<void()>& body) {
    const auto start = text_.size();
    text_ += fmt::format("{:{}}{}:\n", "", 2 * depth_, format_text(key));
    const auto inside = text_.size();
    ++depth_;
    body();
    std::erase_if(words_, [&](const auto& word) { return word.first == depth_; });
    --depth_;
    if (text_.size() == inside) {
      text_.resize(start);
      line(key, "{}");
    }
  }

  bool written_as_word(std::string_view key) const {
    return std::find(words_.begin(), words_.end(), std::pair(depth_, std::string(key))) !=
           words_.end();
  }

  std::string text_;
  std::size_t depth_ = 0;
  std::vector<std::pair<std::size_t, std::string>>
      words_;  // keys of the open mappings that were written as a word
};

}  // namespace
}  // namespace config

std::string write_config(const std::function<void(FieldVisitor&)>& describe) {
  config::Writer writer;
  describe(writer);
  return writer.take();
}

}  // namespace alarm_dist
