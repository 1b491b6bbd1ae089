// SPDX-License-Identifier: Apache-2.0
// How a plain struct becomes YAML, and YAML a struct: each struct is described once, by a function
// that shows its fields to a FieldVisitor. Reading (strict), writing the resolved config and the
// documentation are visitors.
//
//   void describe(FieldVisitor& v, OptimizerConfig& c) {
//     v.field("lr", c.lr, {.low = 0, .low_open = true}, "Learning rate.");
//     v.choice("kind", c.kind, {{"adamw", OptimizerKind::kAdamW}}, "...");
//   }
//
// A describe function shows every key that the struct can hold, in the order in which a person
// should read them. It may depend on values shown before (a kind first, then the keys of that
// kind); a key that was not shown is unknown.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alarm_dist {

struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;  // low itself is not allowed
  bool high_open = false;
  bool infinite = false;  // .inf and -.inf are values, where the bounds allow them; .nan never is
};

class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;

  virtual void field(std::string_view key, double& value, const Range& range,
                     std::string_view doc) = 0;
  virtual void field(std::string_view key, std::int64_t& value, const Range& range,
                     std::string_view doc) = 0;
  virtual void field(std::string_view key, bool& value, std::string_view doc) = 0;
  virtual void field(std::string_view key, std::string& value, std::string_view doc) = 0;
  virtual void field(std::string_view key, std::vector<std::string>& value,
                     std::string_view doc) = 0;
  virtual void field(std::string_view key, std::vector<double>& value, const Range& each,
                     std::string_view doc) = 0;
  virtual void field(std::string_view key, std::vector<std::int64_t>& value, const Range& each,
                     std::string_view doc) = 0;
  // One of a few words.
  virtual void choice(std::string_view key, std::string& value,
                      const std::vector<std::string>& words, std::string_view doc) = 0;
  // A nested mapping, which is always there: `~` and `{}` in its place are refused, but not a key
  // that nothing follows.
  virtual void section(std::string_view key, std::string_view doc,
                       const std::function<void()>& body) = 0;
  // A mapping that may be absent, or taken away by `~`. The body runs only where it is present
  // (always, documenting).
  virtual void optional_section(std::string_view key, bool& present, std::string_view doc,
                                const std::function<void()>& body) = 0;
  // A mapping whose keys the user names. Called once for each key that is present (reading) or in
  // `keys` (writing). `keys` holds the default entries; reading replaces them when the mapping is
  // present. Sources merge name by name; `~` for a name takes the entry of earlier sources away,
  // `~` for the mapping takes them all. Documenting calls the body once, for "<name>".
  virtual void named_sections(std::string_view key, std::vector<std::string>& keys,
                              std::string_view doc,
                              const std::function<void(const std::string& name)>& body) = 0;
  // True when the key is present as a word instead of a mapping (`placement: colocated`); value
  // receives it. Without the key the default stands: true when value is one of the words. A mapping
  // empties value. Call it before section() or optional_section() of the same key; with no words
  // any text is one.
  virtual bool word(std::string_view key, std::string& value, const std::vector<std::string>& words,
                    std::string_view doc) = 0;

  // A condition over several values. Reading: a UsageError at the key's place unless it holds;
  // otherwise nothing.
  virtual void require(bool condition, std::string_view key, std::string_view expected) = 0;

  template <typename E>
  void choice(std::string_view key, E& value, const std::vector<std::pair<std::string, E>>& words,
              std::string_view doc) {
    std::vector<std::string> names;
    std::string current;
    for (const auto& [name, candidate] : words) {
      names.push_back(name);
      if (candidate == value) current = name;
    }
    choice(key, current, names, doc);
    for (const auto& [name, candidate] : words) {
      if (name == current) value = candidate;
    }
  }
};

}  // namespace alarm_dist
