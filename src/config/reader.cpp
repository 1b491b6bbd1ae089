// SPDX-License-Identifier: Apache-2.0
// The strict reader. Sources are not merged into one tree: each level keeps the mappings of all
// sources, earliest first (its layers), so that a message names the source and line of the value
// that is wrong, and `~` can mean what the kind of the key makes of it.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"
#include "alarm/config/yaml.hpp"

#include "config/node.hpp"
#include "config/parse.hpp"
#include "config/scalar.hpp"

namespace alarm_dist {
namespace config {
namespace {

using Layers = std::vector<const Node*>;

constexpr std::size_t kListedKeys = 12;  // as many known keys as a message lists

std::string with_range(std::string_view what, const Range& range) {
  const auto limits = format_range(range);
  return limits.empty() ? std::string(what) : fmt::format("{} {}", what, limits);
}

class Reader : public FieldVisitor {
 public:
  explicit Reader(Layers layers) { levels_.push_back({"", std::move(layers), {}, {}}); }

  void finish() const { check_unknown(levels_.back()); }

  void field(std::string_view key, double& value, const Range& range, std::string_view) override {
    if (const Node* node = last(key)) value = read_number(key, *node, range);
  }
  void field(std::string_view key, std::int64_t& value, const Range& range,
             std::string_view) override {
    if (const Node* node = last(key)) value = read_integer(key, *node, range);
  }
  void field(std::string_view key, bool& value, std::string_view) override {
    const Node* node = last(key);
    if (node == nullptr) return;
    const auto parsed = node->kind == Node::Kind::kPlain ? parse_bool(node->text) : std::nullopt;
    if (!parsed) fail(*node, key, "true or false");
    value = *parsed;
  }
  void field(std::string_view key, std::string& value, std::string_view) override {
    if (const Node* node = last(key)) value = read_text(key, *node);
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view) override {
    read_list(key, value, [&](const Node& item) { return read_text(key, item); });
  }
  void field(std::string_view key, std::vector<double>& value, const Range& each,
             std::string_view) override {
    read_list(key, value, [&](const Node& item) { return read_number(key, item, each); });
  }
  void field(std::string_view key, std::vector<std::int64_t>& value, const Range& each,
             std::string_view) override {
    read_list(key, value, [&](const Node& item) { return read_integer(key, item, each); });
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& words,
              std::string_view) override {
    if (const Node* node = last(key)) value = read_word(key, *node, words, "");
  }

  void section(std::string_view key, std::string_view doc,
               const std::function<void()>& body) override {
    Layers layers;
    for (const Node* node : after_word(key)) {
      check_says_something(key, *node, doc);
      if (node->kind != Node::Kind::kNull) layers.push_back(&mapping(key, *node));
    }
    enter(key, std::move(layers), body);
  }

  void optional_section(std::string_view key, bool& present, std::string_view,
                        const std::function<void()>& body) override {
    Layers layers;
    for (const Node* node : after_word(key)) {
      if (node->left_out) continue;  // a bare `key:` says nothing
      present = node->kind != Node::Kind::kNull;
      if (present) {
        layers.push_back(&mapping(key, *node));
      } else {
        layers.clear();
      }
    }
    if (present) enter(key, std::move(layers), body);
  }

  void named_sections(std::string_view key, std::vector<std::string>& keys, std::string_view,
                      const std::function<void(const std::string&)>& body) override {
    const auto sources = all(key);
    std::vector<std::pair<std::string, Layers>> named;
    for (const Node* node : sources) merge_names(key, *node, keys, named);
    if (!sources.empty()) {
      keys.clear();
      for (const auto& [name, layers] : named) keys.push_back(name);
    } else {
      for (const auto& name : keys) named.emplace_back(name, Layers{});
    }
    levels_.push_back({join_key(levels_.back().path, key), {}, {}, {}});
    for (auto& [name, layers] : named)
      enter(name, std::move(layers), [&, &entry = name] { body(entry); });
    levels_.pop_back();
  }

  bool word(std::string_view key, std::string& value, const std::vector<std::string>& words,
            std::string_view) override {
    levels_.back().words.emplace_back(key);
    if (const Node* node = last(key)) {
      if (node->kind == Node::Kind::kMap || node->kind == Node::Kind::kNull) {
        value.clear();
        return false;
      }
      value = words.empty() ? read_text(key, *node) : read_word(key, *node, words, " or a mapping");
      return true;
    }
    return words.empty() ? !value.empty()
                         : std::find(words.begin(), words.end(), value) != words.end();
  }

  void require(bool condition, std::string_view key, std::string_view expected) override {
    if (condition) return;
    const auto sources = all(key);
    const auto& place = sources.empty() ? default_place() : sources.back()->place;
    throw UsageError(fmt::format("{}: {}: expected {}", place, full_key(key), expected));
  }

 private:
  struct Level {
    std::string path;
    Layers layers;  // mappings, earliest source first
    std::vector<std::string> known;
    std::vector<std::string> words;  // keys that may hold a word instead of a mapping
  };

  std::string full_key(std::string_view key) const { return join_key(levels_.back().path, key); }

  static const std::string& default_place() {
    static const std::string place = "config";
    return place;
  }

  [[noreturn]] void fail(const Node& node, std::string_view key, std::string_view expected,
                         std::string_view hint = "") const {
    throw UsageError(fmt::format("{}: {}: expected {}, got {}{}", node.place, full_key(key),
                                 expected, describe(node), hint));
  }

  // The values of the key in all layers, earliest first.
  Layers all(std::string_view key) {
    Level& level = levels_.back();
    if (std::find(level.known.begin(), level.known.end(), key) == level.known.end())
      level.known.emplace_back(key);
    Layers values;
    for (const Node* layer : level.layers) {
      if (const Entry* entry = layer->find(key)) values.push_back(&entry->value);
    }
    return values;
  }

  const Node* last(std::string_view key) {
    const auto values = all(key);
    return values.empty() ? nullptr : values.back();
  }

  bool may_be_word(std::string_view key) const {
    const auto& words = levels_.back().words;
    return std::find(words.begin(), words.end(), key) != words.end();
  }

  // Of a key that may hold a word, the values after the last word.
  Layers after_word(std::string_view key) {
    auto values = all(key);
    if (!may_be_word(key)) return values;
    const auto scalar = std::find_if(values.rbegin(), values.rend(),
                                     [](const Node* node) { return node->is_scalar(); });
    values.erase(values.begin(), scalar.base());
    return values;
  }

  // `~` and `{}` look as if they took a section away, and none can be. A bare `key:`, as over lines
  // that are commented out, says nothing. (`{}` may say that a key is not a word.)
  void check_says_something(std::string_view key, const Node& node, std::string_view doc) const {
    const bool null = node.kind == Node::Kind::kNull && !node.left_out;
    const bool empty = node.kind == Node::Kind::kMap && node.entries.empty() && !may_be_word(key);
    if (null || empty)
      fail(node, key, "keys of the section",
           fmt::format("; it cannot be taken away: set its keys, or leave it out{}{}",
                       doc.empty() ? "" : ". What it holds: ", doc));
  }

  const Node& mapping(std::string_view key, const Node& node) const {
    if (node.kind != Node::Kind::kMap) fail(node, key, "a mapping");
    return node;
  }

  void enter(std::string_view key, Layers layers, const std::function<void()>& body) {
    levels_.push_back({full_key(key), std::move(layers), {}, {}});
    body();
    check_unknown(levels_.back());
    levels_.pop_back();
  }

  void merge_names(std::string_view key, const Node& source,
                   const std::vector<std::string>& defaults,
                   std::vector<std::pair<std::string, Layers>>& named) const {
    if (source.kind == Node::Kind::kNull) return named.clear();
    for (const Entry& entry : mapping(key, source).entries) {
      const auto name = join_key(key, entry.key);
      const auto found = std::find_if(named.begin(), named.end(),
                                      [&](const auto& known) { return known.first == entry.key; });
      if (entry.value.kind != Node::Kind::kNull) {
        const Node* value = &mapping(name, entry.value);
        if (found != named.end()) {
          found->second.push_back(value);
        } else {
          named.emplace_back(entry.key, Layers{value});
        }
      } else if (found != named.end()) {
        named.erase(found);
      } else if (std::find(defaults.begin(), defaults.end(), entry.key) == defaults.end()) {
        fail(entry.value, name, "a mapping",
             "; ~ takes away the entry of an earlier source, and none has it");
      }
    }
  }

  double read_number(std::string_view key, const Node& node, const Range& range) const {
    const auto expected = with_range("a number", range);
    if (node.kind != Node::Kind::kPlain) fail(node, key, expected);
    const auto number = parse_number(node.text);
    if (number.fault == NumberFault::kTooLarge)
      fail(node, key, expected, ", which no double can hold");
    if (number.fault) fail(node, key, expected);
    if (std::isinf(number.value) && !range.infinite)
      fail(node, key, expected, ", which is not finite");
    if (!contains(range, number.value)) fail(node, key, expected);
    return number.value;
  }

  std::int64_t read_integer(std::string_view key, const Node& node, const Range& range) const {
    const auto expected = with_range("an integer", range);
    if (node.kind != Node::Kind::kPlain) fail(node, key, expected);
    const auto number = parse_integer(node.text);
    if (number.fault == NumberFault::kTooLarge)
      fail(node, key, expected, ", which 64 bits cannot hold");
    if (number.fault || !contains(range, static_cast<double>(number.value)))
      fail(node, key, expected);
    return number.value;
  }

  // A plain `16` is text where text is expected: its characters are kept as they are.
  std::string read_text(std::string_view key, const Node& node) const {
    if (!node.is_scalar())
      fail(node, key, "text", node.kind == Node::Kind::kNull ? "; write \"\" for no text" : "");
    return node.text;
  }

  std::string read_word(std::string_view key, const Node& node,
                        const std::vector<std::string>& words, std::string_view otherwise) const {
    const auto expected =
        fmt::format("{}{}{}", words.size() > 1 ? "one of " : "", fmt::join(words, ", "), otherwise);
    if (!node.is_scalar()) fail(node, key, expected);
    if (std::find(words.begin(), words.end(), node.text) == words.end()) {
      const auto nearest = nearest_word(node.text, words);
      fail(node, key, expected, nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
    }
    return node.text;
  }

  template <typename T, typename Read>
  void read_list(std::string_view key, std::vector<T>& value, const Read& read) {
    const Node* node = last(key);
    if (node == nullptr) return;
    if (node->kind != Node::Kind::kList) fail(*node, key, "a list");
    std::vector<T> items;
    for (const Node& item : node->items) items.push_back(read(item));
    value = std::move(items);
  }

  void check_unknown(const Level& level) const {
    for (const Node* layer : level.layers) {
      for (const Entry& entry : layer->entries) {
        if (std::find(level.known.begin(), level.known.end(), entry.key) != level.known.end())
          continue;
        throw UsageError(fmt::format("{}: {}: unknown key{}", entry.place,
                                     join_key(level.path, entry.key),
                                     suggest(entry.key, level.known)));
      }
    }
  }

  static std::string suggest(const std::string& key, const std::vector<std::string>& known) {
    if (const auto nearest = nearest_word(key, known))
      return fmt::format("; did you mean '{}'?", *nearest);
    if (known.empty() || known.size() > kListedKeys) return "";
    return fmt::format("; known here: {}", fmt::join(known, ", "));
  }

  std::vector<Level> levels_;
};

}  // namespace
}  // namespace config

void read_config(const std::vector<ConfigSource>& sources,
                 const std::vector<std::string>& overrides,
                 const std::function<void(FieldVisitor&)>& describe) {
  std::vector<config::Node> documents;
  for (const auto& source : sources)
    documents.push_back(config::parse_document(source.name, source.text));
  for (const auto& assignment : overrides) documents.push_back(config::parse_override(assignment));
  std::vector<const config::Node*> layers;
  for (const auto& document : documents) layers.push_back(&document);
  config::Reader reader(layers);
  describe(reader);
  reader.finish();
}

}  // namespace alarm_dist
