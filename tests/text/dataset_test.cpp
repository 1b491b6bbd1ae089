// SPDX-License-Identifier: Apache-2.0
// Data files, good and bad: every bad record is named by file and line, or left out and counted.
#include "alarm/text/dataset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/text/aclsum.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class BadRecords : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) const {
    write_file(dir_ / "data.jsonl", text);
    return dir_ / "data.jsonl";
  }

  // The record in the second line is bad: loading stops there by name, or goes on without it.
  void expect_second_line_bad(const std::string& line, const std::string& message) const {
    const auto file = write("{\"prompt\": \"one\"}\n" + line + "\n{\"prompt\": \"three\"}\n");
    try {
      load_prompts(file, OnDataError::kStop);
      ADD_FAILURE() << "accepted: " << line;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(file.string() + ":2: "));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
    const Dataset rest = load_prompts(file, OnDataError::kSkip);
    EXPECT_EQ(rest.size(), 2);
    EXPECT_EQ(rest.skipped(), 1);
    EXPECT_EQ(rest.at(1).prompt, "three");
  }

  TempDir dir_;
};

TEST_F(BadRecords, AreNamedByFileAndLine) {
  expect_second_line_bad("", "blank");
  expect_second_line_bad(" \t\r", "blank");
  expect_second_line_bad("{\"prompt\": ", "not JSON: at byte 12");
  expect_second_line_bad("{\"prompt\": 1e999}", "beyond the greatest of 64 bits");
  expect_second_line_bad("{\"prompt\": \"a\"} x", "not JSON");
  expect_second_line_bad("[1]", "expected a JSON object, found array");
  expect_second_line_bad("{\"prompt\": \"\xff\"}", "not UTF-8 at byte 12");
  expect_second_line_bad("{\"text\": \"a\"}", "either \"prompt\" or \"messages\"");
  expect_second_line_bad("{\"prompt\": \"a\", \"messages\": []}",
                         "either \"prompt\" or \"messages\"");
  expect_second_line_bad("{\"prompt\": 5}", "prompt: expected a string, found number");
  expect_second_line_bad("{\"prompt\": \"\"}", "the prompt is empty");
  expect_second_line_bad("{\"prompt\": \"\\ud800\"}", "not JSON");
  expect_second_line_bad("{\"messages\": []}", "messages: no messages");
  expect_second_line_bad("{\"messages\": [{\"role\": \"user\"}]}",
                         "messages[0]: key \"content\" is missing");
  expect_second_line_bad("{\"messages\": [{\"role\": \"bot\", \"content\": \"x\"}]}",
                         "role \"bot\"");
}

TEST_F(BadRecords, RepeatedIdIsBad) {
  const auto file =
      write("{\"id\": \"a\", \"prompt\": \"x\"}\n{\"id\": \"a\", \"prompt\": \"y\"}\n");

  EXPECT_THROW(load_prompts(file, OnDataError::kStop), UsageError);
  EXPECT_EQ(load_prompts(file, OnDataError::kSkip).skipped(), 1);
}

TEST_F(BadRecords, FileWithoutRecordsOrMissingIsAnError) {
  EXPECT_THROW(load_prompts(write(""), OnDataError::kSkip), UsageError);
  EXPECT_THROW(load_prompts(write("bad\n"), OnDataError::kSkip), UsageError);
  EXPECT_THROW(load_prompts(dir_ / "none.jsonl", OnDataError::kSkip), UsageError);
  EXPECT_THROW(load_prompts(dir_.path(), OnDataError::kSkip), UsageError);
}

TEST_F(BadRecords, AclSumNamesTheField) {
  const auto file =
      write("{\"id\": \"P1\", \"title\": \"t\", \"sentences\": {\"abstract\": [\"A .\", 5]}}\n");
  AclSumOptions options;
  options.file = file;

  try {
    load_aclsum(options);
    ADD_FAILURE() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr(file.string() + ":1: sentences.abstract[1]: expected a string"));
  }
}

TEST(Prompts, FieldsAndMessages) {
  const TempDir dir;
  write_file(dir / "p.jsonl",
             "{\"id\": \"a\", \"prompt\": \"raw\", \"question\": \"q\", \"document\": \"d\", "
             "\"reference\": \"r\"}\r\n"
             "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"aspect\": \"x\"}");

  const Dataset data = load_prompts(dir / "p.jsonl", OnDataError::kStop);

  ASSERT_EQ(data.size(), 2);
  EXPECT_EQ(data.name(), "p");
  EXPECT_EQ(data.at(0).prompt, "raw");
  EXPECT_EQ(data.at(0).reference, "r");
  ASSERT_EQ(data.at(0).messages.size(), 1U);
  EXPECT_EQ(data.at(0).messages[0].content, "raw");
  EXPECT_EQ(data.at(1).prompt, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(data.at(1).messages.at(0).content, "Hi");
  EXPECT_THAT(data.at(1).id, EndsWith("p.jsonl:2"));
  EXPECT_THROW(data.at(2), Error);
}

AclSumOptions aclsum_options(const std::string& split) {
  AclSumOptions options;
  options.file = source_dir() / ".deps/site/aclsum/dataset" / (split + ".jsonl");
  return options;
}

TEST(AclSum, RecordsArePapersByAspects) {
  const Dataset data = load_aclsum(aclsum_options("train"));

  ASSERT_EQ(data.size(), 300);
  EXPECT_EQ(data.name(), "aclsum/train");
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const Record& record = data.at(i);
    EXPECT_EQ(record.aspect, kAclSumAspects[static_cast<std::size_t>(i % 3)]);
    EXPECT_THAT(record.id, EndsWith("/" + record.aspect));
    EXPECT_FALSE(record.reference.empty());
    EXPECT_FALSE(record.document.empty());
    EXPECT_THAT(record.prompt, HasSubstr(record.document));
    EXPECT_THAT(record.prompt, HasSubstr(record.question));
    EXPECT_EQ(record.document.find(" ,"), std::string::npos) << record.document;
  }
}

TEST(AclSum, SplitsHaveTheirSizesAndNoPaperInTwo) {
  const Dataset val = load_aclsum(aclsum_options("val"));
  const Dataset test = load_aclsum(aclsum_options("test"));

  EXPECT_EQ(val.size(), 150);
  EXPECT_EQ(test.size(), 300);
  for (const Record& record : val.records()) {
    for (const Record& other : test.records()) EXPECT_NE(record.id, other.id);
  }
}

TEST(AclSum, SentencesCarryTheirEvidence) {
  const Dataset data = load_aclsum(aclsum_options("test"));
  std::int64_t sentences = 0;
  std::int64_t evidence = 0;
  for (std::int64_t paper = 0; paper < data.size(); paper += 3) {
    for (const LabelledSentence& sentence : data.at(paper).sentences) {
      ++sentences;
      EXPECT_EQ(sentence.evidence.size(), 3U);
      for (const auto& [aspect, shown] : sentence.evidence) evidence += shown ? 1 : 0;
    }
  }
  // Counted in the file with Python's json.
  EXPECT_EQ(sentences, 3766);
  EXPECT_EQ(evidence, 1454);
}

TEST(AclSum, SectionsAndWordLimit) {
  AclSumOptions options = aclsum_options("val");
  options.sections = {"abstract", "conclusion"};
  const Dataset both = load_aclsum(options);
  EXPECT_NE(both.at(0).document.find("\n\n"), std::string::npos);
  options.max_words = 50;
  const Dataset cut = load_aclsum(options);
  EXPECT_TRUE(both.at(0).document.starts_with(cut.at(0).document));
  EXPECT_LT(cut.at(0).document.size(), both.at(0).document.size());
  options.max_words = 1;
  EXPECT_FALSE(load_aclsum(options).at(0).document.empty());
  options.sections = {"title"};
  EXPECT_THROW(load_aclsum(options), Error);
}

TEST(AclSum, MessageSaysWhatIsAsked) {
  EXPECT_EQ(chatml_prompt({aclsum_message("Doc.", "challenge")}),
            "<|im_start|>user\nAbstract: Doc.\n\nIn one sentence, what is the challenge that "
            "motivates this work?"
            "<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(aclsum_message("Doc.", "approach").content,
            "Abstract: Doc.\n\nIn one sentence, what approach do they propose?");
  EXPECT_EQ(aclsum_question("approach"), "In one sentence, what approach do they propose?");
  EXPECT_EQ(aclsum_question("outcome"),
            "In one sentence, what is the outcome of their experiments?");
  EXPECT_THROW(aclsum_question("title"), Error);
}

TEST(Detokenize, SpacesGoWhereNoneIsWritten) {
  EXPECT_EQ(detokenize("However , it works ( see Section 3 ) ."),
            "However, it works (see Section 3).");
  EXPECT_EQ(detokenize("( Smith et al . , 2005 ; Lee , 2006 ) :"),
            "(Smith et al., 2005; Lee, 2006):");
  EXPECT_EQ(detokenize("by 9 - 23 % , i.e. , more"), "by 9 - 23%, i.e., more");
  EXPECT_EQ(detokenize("the model 's output does n't"), "the model's output doesn't");
  EXPECT_EQ(detokenize("the \" best \" and \" worst \" ones"), "the \"best\" and \"worst\" ones");
  EXPECT_EQ(detokenize("the word ' Foreign ' is typed"), "the word 'Foreign' is typed");
  EXPECT_EQ(detokenize("the systems ' outputs ( [ 1 ] )"), "the systems' outputs ([1])");
  EXPECT_EQ(detokenize("p .25 and ..."), "p .25 and...");
  EXPECT_EQ(detokenize("  a   b "), "a b");
  EXPECT_EQ(detokenize(""), "");
}

}  // namespace
}  // namespace alarm_dist::testing
