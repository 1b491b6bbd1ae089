// SPDX-License-Identifier: Apache-2.0
#include "text/jinja/template.hpp"

#include <limits>

#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

#include "text/jinja/evaluator.hpp"
#include "text/jinja/globals.hpp"
#include "text/jinja/parser.hpp"

namespace alarm_dist::jinja {
namespace {

Value to_value(Budget& budget, const nlohmann::ordered_json& json) {
  const Budget::Level level(budget);
  budget.work(1);
  switch (json.type()) {
    case nlohmann::ordered_json::value_t::null:
      return Value();
    case nlohmann::ordered_json::value_t::boolean:
      return Value(json.get<bool>());
    case nlohmann::ordered_json::value_t::number_integer:
      return Value(json.get<std::int64_t>());
    case nlohmann::ordered_json::value_t::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail("the number {} does not fit 64 bits with a sign", number);
      }
      return Value(static_cast<std::int64_t>(number));
    }
    case nlohmann::ordered_json::value_t::number_float:
      return Value(json.get<double>());
    case nlohmann::ordered_json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      if (find_invalid_utf8(text)) fail("a text of the conversation is not UTF-8");
      budget.text(text.size());
      return Value::text(text);
    }
    case nlohmann::ordered_json::value_t::array: {
      Values items;
      for (const auto& item : json) items.push_back(to_value(budget, item));
      return make_list(std::move(items));
    }
    case nlohmann::ordered_json::value_t::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) {
        if (find_invalid_utf8(key)) fail("a key of the conversation is not UTF-8");
        dict.set(budget, Value::text(key), to_value(budget, item));
      }
      return make_dict(std::move(dict));
    }
    default:
      fail("a value of the conversation is not JSON");
  }
}

}  // namespace

struct Template::Impl {
  std::string name;
  Body body;
};

Template::Template(std::string source, std::string name) : impl_(std::make_unique<Impl>()) {
  if (find_invalid_utf8(source)) throw Error(name + ": the template is not UTF-8");
  impl_->name = std::move(name);
  try {
    impl_->body = Parser(tokenize(source)).parse();
  } catch (const Failure& failure) {
    throw Error(fmt::format("{}:{}: {}", impl_->name, failure.line(), failure.what()));
  }
}

Template::~Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;

std::string Template::render(const nlohmann::ordered_json& variables, std::time_t now,
                             const Limits& limits) const {
  Budget budget(limits);
  int line = 0;
  try {
    std::map<std::string, Value, std::less<>> values;
    for (const auto& [name, value] : variables.items()) values[name] = to_value(budget, value);
    Evaluator evaluator(budget, std::move(values), now);
    try {
      return evaluator.render(impl_->body);
    } catch (const Failure&) {
      line = evaluator.line();
      throw;
    }
  } catch (const Refusal& refusal) {
    throw Error(fmt::format("{}:{}: the template refuses the conversation: {}", impl_->name, line,
                            refusal.what()));
  } catch (const Failure& failure) {
    throw Error(fmt::format("{}:{}: {}", impl_->name, line, failure.what()));
  }
}

}  // namespace alarm_dist::jinja
