// SPDX-License-Identifier: Apache-2.0
// Values of a template: Python's, as far as templates see them. Everything but a namespace, an
// iterator's position and a loop's state is immutable, so values share what they hold.
//
// Nesting is bounded when a container is made, so walks over values and their destruction may
// recurse.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace alarm_dist::jinja {

class Budget;
struct List;
class Dict;
struct Namespace;
struct Function;
struct Loop;

struct None {};
struct Undefined {
  std::shared_ptr<const std::string> why;  // what an operation on it answers
};
struct Text {
  std::shared_ptr<const std::string> bytes;  // UTF-8
  bool safe = false;                         // went through |safe: + escapes what it is added to
};

class Value {
 public:
  using Storage =
      std::variant<Undefined, None, bool, std::int64_t, double, Text, std::shared_ptr<const List>,
                   std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
                   std::shared_ptr<const Function>, std::shared_ptr<Loop>>;

  Value() : storage_(None{}) {}
  template <class T>
  explicit Value(T held) : storage_(std::move(held)) {}

  static Value text(std::string bytes, bool safe = false) {
    return Value(Text{std::make_shared<const std::string>(std::move(bytes)), safe});
  }
  static Value undefined(std::string why) {
    return Value(Undefined{std::make_shared<const std::string>(std::move(why))});
  }

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(storage_);
  }
  template <class T>
  const T& as() const {
    return std::get<T>(storage_);
  }
  const Storage& storage() const { return storage_; }

  // Null when it is something else.
  const std::string* text() const;
  const List* list() const;
  const Dict* dict() const;
  bool is_integer() const { return is<std::int64_t>() || is<bool>(); }  // Python's bool is an int
  bool is_number() const { return is_integer() || is<double>(); }
  std::int64_t integer() const;  // of is_integer()
  double number() const;         // of is_number()

  int depth() const;              // of containers in it: 0 for what is none
  const char* type_name() const;  // Python's

 private:
  Storage storage_;
};

using Values = std::vector<Value>;

enum class ListKind { kList, kTuple, kRange, kKeys, kValues, kItems, kIterator };

struct List {
  Values items;
  ListKind kind = ListKind::kList;
  int depth = 1;
  // How many items of an iterator have been taken: it can be walked once.
  std::shared_ptr<std::size_t> taken;
};

// In order of insertion. A key is found by what it equals: 1, 1.0 and true are one key. What
// equals it is made of all of the key, so looking one up is work of its size.
class Dict {
 public:
  using Item = std::pair<Value, Value>;

  void set(Budget& budget, Value key, Value value);  // throws Unhashable
  // Null: not there.
  const Value* find(Budget& budget, const Value& key) const;  // throws Unhashable
  const Value* find(Budget& budget, std::string_view key) const;
  const std::vector<Item>& items() const { return items_; }
  int depth() const { return depth_; }

 private:
  std::vector<Item> items_;
  std::map<std::string, std::size_t> places_;
  int depth_ = 1;
};

struct Namespace {
  Dict attributes;  // by name
};

struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> keywords;
};

struct Function {
  std::string name;
  std::function<Value(const Arguments&)> call;
};

// What `loop` is in the body of a for.
struct Loop {
  Values items;
  std::size_t index0 = 0;
  Values seen;  // by changed()
  bool asked = false;
};

// Throw Failure when the containers would nest too deep.
Value make_list(Values items, ListKind kind = ListKind::kList);
Value make_dict(Dict dict);

}  // namespace alarm_dist::jinja
