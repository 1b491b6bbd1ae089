// SPDX-License-Identifier: Apache-2.0
// Records: what a prompt is made of and what reward models look up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "alarm/text/chat.hpp"

namespace alarm_dist {

// One sentence of a source document with its evidence label per aspect.
struct LabelledSentence {
  std::string text;
  std::string section;                   // abstract | introduction | conclusion
  std::map<std::string, bool> evidence;  // aspect -> highlighted by the annotator
};

struct Record {
  std::string id;      // unique within the data set
  std::string source;  // "file:line", for messages
  std::string prompt;  // the whole prompt in the model's chat format; empty until a task made it
  // What the prompt was made of; a plain prompt is one message of the user.
  std::vector<ChatMessage> messages;
  // Not in chat format: the tokenizer adds what its post-processor does ([BOS], </s>...), which a
  // chat template writes itself.
  bool plain_prompt = false;
  std::string question;   // what is asked, in words
  std::string aspect;     // asked aspect, empty if the task has none
  std::string document;   // what the answer must rest on
  std::string reference;  // an expert's answer; may be empty
  std::string rejected;   // a worse one, for learning from preferences; may be empty
  std::vector<LabelledSentence> sentences;
};

// Stop at the first bad record, or leave bad records out and count them (data.on_error).
enum class OnDataError { kStop, kSkip };

class Dataset {
 public:
  Dataset(std::string name, std::vector<Record> records, std::int64_t skipped)
      : name_(std::move(name)), records_(std::move(records)), skipped_(skipped) {}

  const std::string& name() const { return name_; }
  std::int64_t size() const { return static_cast<std::int64_t>(records_.size()); }
  const Record& at(std::int64_t index) const;  // throws Error when out of range
  const std::vector<Record>& records() const { return records_; }
  std::int64_t skipped() const { return skipped_; }

 private:
  std::string name_;
  std::vector<Record> records_;
  std::int64_t skipped_;
};

// Reads JSON lines: each line must be an object in UTF-8. Calls handle(object, "file:line") for
// each; what it throws as Error is a bad record. Stops with a UsageError that starts with
// "file:line". Blank lines are bad records too. Returns the number skipped.
std::int64_t read_json_lines(
    const std::filesystem::path& path, OnDataError on_error,
    const std::function<void(const nlohmann::json&, const std::string&)>& handle);

// ACLSum (specs in MATERIALS; Takeshita et al. 2024): papers x {challenge, approach, outcome},
// paper by paper.
struct AclSumOptions {
  std::filesystem::path file;  // train.jsonl | val.jsonl | test.jsonl
  // What the prompt shows of: abstract, introduction, conclusion.
  std::vector<std::string> sections = {"abstract"};
  // Whole sentences that together have at most so many words, one sentence at least; 0: no limit.
  std::int64_t max_words = 0;
  OnDataError on_error = OnDataError::kStop;
  ChatFormat chat = chatml_prompt;
};
Dataset load_aclsum(const AclSumOptions& options);

// Plain JSON lines with "prompt" or "messages", and optionally "id", "question", "document",
// "reference", "rejected", "aspect".
Dataset load_prompts(const std::filesystem::path& file, OnDataError on_error,
                     const ChatFormat& chat = chatml_prompt);

}  // namespace alarm_dist
