// SPDX-License-Identifier: Apache-2.0
// Where templates come from, what errors say, and that hostile ones end.
#include <chrono>
#include <ctime>
#include <iomanip>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/text/chat.hpp"

#include "support/temp_dir.hpp"
#include "text/jinja/template.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Json kHello = Json::parse(R"({"messages": [{"role": "user", "content": "Hi"}]})");

std::string error_of(const std::string& text, const Json& variables = kHello) {
  try {
    return "no error: " + ChatTemplate::parse(text, "dir/chat.jinja").render(variables);
  } catch (const Error& error) {
    return error.what();
  }
}

class ChatTemplateFiles : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    testing::write_file(dir_ / name, text);
  }
  std::string render(const Json& variables = kHello) const {
    return ChatTemplate::load(dir_.path()).render(variables);
  }
  std::string load_error() const {
    try {
      return "no error: " + render();
    } catch (const Error& error) {
      return error.what();
    }
  }
  testing::TempDir dir_;
};

TEST_F(ChatTemplateFiles, NoneIsChatMl) {
  EXPECT_EQ(ChatTemplate::load(dir_.path()).origin(),
            "ChatML (no template in " + dir_.path().string() + ")");
  EXPECT_EQ(ChatTemplate::load(dir_.path()).prompt({{"user", "Hi"}}),
            chatml_prompt({{"user", "Hi"}}));

  write("tokenizer_config.json", R"({"chat_template": null, "bos_token": null})");

  EXPECT_EQ(render(), "<|im_start|>user\nHi<|im_end|>\n");
}

TEST_F(ChatTemplateFiles, TextInTheConfigSeesTheSpecialTokens) {
  write(
      "tokenizer_config.json",
      R"({"chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ unk_token is defined }}",
            "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}})");

  EXPECT_EQ(render(), "<s>Hi</s>False");
  EXPECT_EQ(ChatTemplate::load(dir_.path()).origin(), (dir_ / "tokenizer_config.json").string());
}

TEST_F(ChatTemplateFiles, NamedOnesAreChosenByTools) {
  write("tokenizer_config.json", R"({"chat_template": [{"name": "default", "template": "plain"},
      {"name": "tool_use", "template": "{{ tools|length }} tools"}]})");
  Json with_tools = kHello;
  with_tools["tools"] = {{{"name", "t"}}};

  EXPECT_EQ(render(), "plain");
  EXPECT_EQ(render(with_tools), "1 tools");
}

TEST_F(ChatTemplateFiles, NamedOnesNeedADefault) {
  write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "x"}]})");

  EXPECT_THAT(load_error(), HasSubstr("\"default\""));
}

TEST(ChatTemplateTime, IsTheOneItWasTold) {
  auto chat = ChatTemplate::parse("{{ strftime_now('%d %b %Y %H:%M') }}", "t");
  for (const char* day : {"2024-07-26", "2024-02-29", "1999-12-31"}) {
    chat.set_time(noon_of(day));
    std::tm time{};
    std::istringstream in(chat.prompt({}));
    in >> std::get_time(&time, "%d %b %Y %H:%M");
    EXPECT_EQ(fmt::format("{:04}-{:02}-{:02}", time.tm_year + 1900, time.tm_mon + 1, time.tm_mday),
              day);
    EXPECT_EQ(time.tm_hour, 12);
  }
}

TEST(ChatTemplateTime, IsOfADay) {
  for (const char* day : {"", "today", "2024-7-26", "2024-02-30", "2023-02-29", "2024-13-01",
                          "2024-07-26 ", "2024-07-26T12:00", "26-07-2024"}) {
    EXPECT_THROW(noon_of(day), UsageError) << day;
  }
}

TEST_F(ChatTemplateFiles, FileBesideComesFirst) {
  write("tokenizer_config.json", R"({"chat_template": "config", "bos_token": "<s>"})");
  write("chat_template.jinja", "{{ bos_token }}file\n");

  EXPECT_EQ(render(), "<s>file");
  EXPECT_EQ(ChatTemplate::load(dir_.path()).origin(), (dir_ / "chat_template.jinja").string());
}

TEST_F(ChatTemplateFiles, BadFilesAreNamed) {
  const std::string config = (dir_ / "tokenizer_config.json").string();
  write("tokenizer_config.json", R"({"chat_template": 3})");
  EXPECT_THAT(load_error(), AllOf(StartsWith(config), HasSubstr("chat_template")));
  write("tokenizer_config.json", R"({"chat_template": "a\n{% if %}"})");
  EXPECT_THAT(load_error(), StartsWith(config + ": chat_template:2: expected an expression"));
  write("tokenizer_config.json", "[");
  EXPECT_THAT(load_error(), StartsWith(config));
  write("tokenizer_config.json", R"({"bos_token": {"id": 1}})");
  EXPECT_THAT(load_error(), AllOf(StartsWith(config), HasSubstr("bos_token")));
  write("tokenizer_config.json", "{}");
  write("chat_template.jinja", "\xff");
  EXPECT_THAT(load_error(), AllOf(HasSubstr("chat_template.jinja"), HasSubstr("UTF-8")));
}

TEST(ChatTemplateErrors, NameFileLineAndConstruct) {
  EXPECT_EQ(error_of("a\n\n{% include 'x' %}"),
            "dir/chat.jinja:3: the statement {% include %} is not supported");
  EXPECT_EQ(error_of("{{ 1 }}\n{{ x | urlize }}"),
            "dir/chat.jinja:2: the filter 'urlize' is not supported");
  EXPECT_EQ(error_of("\n{{ x is strange }}"),
            "dir/chat.jinja:2: the test 'is strange' is not supported");
  EXPECT_EQ(error_of("{% for x in y recursive %}{% endfor %}"),
            "dir/chat.jinja:1: {% for ... recursive %} is not supported");
  EXPECT_EQ(error_of("{{ 'a'.encode() }}"), "dir/chat.jinja:1: str.encode: not supported");
  EXPECT_EQ(error_of("{{ messages.append(1) }}"),
            "dir/chat.jinja:1: list.append: changing a value is not allowed");
  EXPECT_EQ(error_of("{{ joiner(',') }}"),
            "dir/chat.jinja:1: the function joiner is not supported");
}

TEST(ChatTemplateErrors, NameTheLineThatFails) {
  EXPECT_EQ(error_of("{% set x = 1 %}\n\n{{ nothing.more }}\n"),
            "dir/chat.jinja:3: 'nothing' is undefined");
  EXPECT_EQ(error_of("{% macro m() %}\n{{ 1 / 0 }}\n{% endmacro %}\n{{ m() }}"),
            "dir/chat.jinja:2: division by zero");
  EXPECT_EQ(
      error_of("{% if true %}\nopen"),
      "dir/chat.jinja:2: expected {% elif or else or endif %}, found the end of the template");
}

TEST(ChatTemplateErrors, RefusalIsTheTemplatesText) {
  EXPECT_EQ(error_of("{{ raise_exception('roles must ' ~ 'alternate') }}"),
            "dir/chat.jinja:1: the template refuses the conversation: roles must alternate");
}

TEST(ChatTemplateErrors, ConversationIsChecked) {
  EXPECT_THAT(error_of("x", Json::object()), HasSubstr("messages"));
  EXPECT_THAT(error_of("x", {{"messages", "text"}}), HasSubstr("messages"));
  EXPECT_THAT(error_of("x", {{"messages", Json::array()}, {"n", 18446744073709551615ULL}}),
              HasSubstr("does not fit"));
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

class HostileTemplates : public ::testing::TestWithParam<std::string> {};

TEST_P(HostileTemplates, EndSoonWithAnError) {
  const auto start = std::chrono::steady_clock::now();

  const std::string error = error_of(GetParam());

  EXPECT_THAT(error, StartsWith("dir/chat.jinja:1: "));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, HostileTemplates,
    ::testing::Values(
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}",
        "{{ " + repeated("[", 5000) + repeated("]", 5000) + " }}",
        "{{ 1" + repeated(" + 1", 5000) + " }}", "{{ x" + repeated(".a", 5000) + " }}",
        "{{ " + repeated("- ", 5000) + "1 }}", "{{ " + repeated("not ", 5000) + "1 }}",
        "{{ 1" + repeated("|string", 5000) + " }}",
        repeated("{% if true %}", 5000) + repeated("{% endif %}", 5000), "{{ 'a' * 100000000000 }}",
        "{{ [1] * 100000000000 }}", "{{ 9223372036854775807 + 1 }}",
        "{{ 'a'.center(100000000000) }}", "{{ 'a'|indent(100000000000) }}",
        "{{ '%999999999999d' % 1 }}", "{{ 10 ** 100 }}", "{{ [1]|batch(99999999999, 1)|list }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{{ a }}{% endfor %}{% endfor %}",
        "{% set n = namespace(t='ab') %}{% for i in range(99) %}{% set n.t = n.t ~ n.t %}{% endfor "
        "%}",
        "{% set n = namespace(t=[]) %}{% for i in range(999) %}{% set n.t = [n.t] %}{% endfor %}",
        "{% set n = namespace(t=[1]) %}{% for i in range(99) %}{% set n.t = [n.t, n.t] %}{% endfor "
        "%}"
        "{{ n.t }}",
        "{% set n = namespace(t=[1]) %}{% for i in range(99) %}{% set n.t = [n.t, n.t] %}{% endfor "
        "%}"
        "{{ n.t|tojson }}",
        "{% set n = namespace(t=[1], u=[1]) %}{% for i in range(99) %}{% set n.t = [n.t, n.t] %}"
        "{% set n.u = [n.u, n.u] %}{% endfor %}{{ n.t == n.u }}",
        "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
        "{% for i in range(100000) %}{% set x = namespace() %}{% endfor %}",
        "{% set s = 'a' * 9999999 %}{% for i in range(99999) %}{{ s in s }}{% endfor %}"));

// Work that a single step used to hide.
class HiddenWork : public ::testing::TestWithParam<std::string> {};

TEST_P(HiddenWork, IsCounted) {
  const std::string error =
      error_of("{% set s = 'a' * 30000000 %}{% set n = namespace(t=(1,), l=[]) %}" + GetParam());

  EXPECT_THAT(error, StartsWith("dir/chat.jinja:1: "));
  EXPECT_THAT(error, AnyOf(HasSubstr("does more than"), HasSubstr("makes a text of")));
}

std::string forever(const std::string& body) {
  return "{% for i in range(99999) %}{% set x = " + body + " %}{% endfor %}";
}
// Kept, it fills the memory as well.
std::string kept(const std::string& body) {
  return "{% for i in range(99999) %}{% set n.l = [n.l[-1:], " + body + "] %}{% endfor %}";
}

const std::string kDoubled = "{% for i in range(99) %}{% set n.t = (n.t, n.t) %}{% endfor %}";

INSTANTIATE_TEST_SUITE_P(
    Bounds, HiddenWork,
    ::testing::Values(kDoubled + "{{ {n.t: 1} }}", kDoubled + "{{ n.t in {1: 1} }}",
                      kDoubled + "{{ {1: 1}[n.t] }}", kDoubled + "{{ {1: 1}.get(n.t) }}",
                      kDoubled + "{{ [n.t]|unique|list }}",
                      "{% set k = s[:5000000] %}{{ ([{k: 1}] * 200)|tojson }}",
                      "{{ ([1] * 200)|tojson(separators=(s, s)) }}", forever("1|tojson(indent=s)"),
                      kept("dict({s: 1})"), kept("{}[s]"), kept("n|attr(s)"),
                      forever("'b'.strip(s)"), forever("'b'.rfind(s)"),
                      forever("'b'.startswith((s, s))"), forever("'b'|replace(s, s)"),
                      forever("dict(**{s: 1})"), forever("s % ()"),
                      forever("[1]|map(attribute=s)|list"), "{{ ([s] * 1000)|sort }}",
                      "{{ ([s] * 1000)|unique|list }}", "{{ ([s] * 1000)|min }}",
                      forever("'%1000s' * 9999 % (('',) * 9999)"),
                      "{% macro m() %}{{ kwargs }}{% endmacro %}" + forever("m(**{s: 1})"),
                      forever("s.title()"), forever("s|title")));

TEST(HostileTemplates, LongNamesAreRefused) {
  EXPECT_THAT(error_of("\n{{ " + std::string(2000, 'a') + " }}"),
              AllOf(StartsWith("dir/chat.jinja:2: "), HasSubstr("a name of 2000 bytes")));
}

TEST(HostileTemplates, RingsOfValuesAreFreed) {
  // The address sanitizer of the dev preset finds what stays.
  const std::string text =
      "{% set n = namespace() %}{% set n.n = [n] %}{% macro m() %}{% endmacro %}{% set n.m = m %}"
      "{% for i in [1] %}{{ loop.changed(loop) }}{% set n.l = loop %}{% set n.c = loop.changed %}"
      "{% endfor %}{{ n.c is callable }}";

  EXPECT_EQ(ChatTemplate::parse(text, "ring").render(kHello), "TrueTrue");
}

}  // namespace
}  // namespace alarm_dist
