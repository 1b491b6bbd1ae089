// SPDX-License-Identifier: Apache-2.0
// Papers of ACLSum to records: one for each aspect, in the order challenge, approach, outcome.
#include <algorithm>
#include <iterator>
#include <set>

#include "alarm/base/text.hpp"
#include "alarm/text/aclsum.hpp"
#include "alarm/text/dataset.hpp"

#include "text/dataset_checks.hpp"
#include "text/json_field.hpp"

namespace alarm_dist {
namespace {

std::vector<LabelledSentence> read_section(const JsonField& paper, const std::string& section) {
  std::vector<LabelledSentence> sentences;
  for (const auto& sentence : paper.at("sentences").at(section).elements()) {
    sentences.push_back({detokenize(sentence.text()), section, {}});
  }
  for (const char* aspect : kAclSumAspects) {
    const auto labels = paper.at("highlights").at(aspect).at(section).elements();
    ALARM_CHECK(labels.size() == sentences.size(), "{}: {} sentences in {}, but {} labels",
                paper.where(), sentences.size(), section, labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      sentences[i].evidence[aspect] = labels[i].integer() != 0;
    }
  }
  return sentences;
}

std::int64_t count_words(std::string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n';
    words += !space && !inside ? 1 : 0;
    inside = !space;
  }
  return words;
}

// Sentences of the shown sections; an empty line between sections. Stops before the sentence that
// is too much, but has one sentence at least.
std::string make_document(const std::vector<LabelledSentence>& sentences,
                          const AclSumOptions& options) {
  std::string document;
  std::int64_t words = 0;
  for (const std::string& section : options.sections) {
    const char* separator = "\n\n";
    for (const LabelledSentence& sentence : sentences) {
      if (sentence.section != section) continue;
      words += count_words(sentence.text);
      if (options.max_words > 0 && words > options.max_words && !document.empty()) return document;
      document += document.empty() ? "" : separator;
      document += sentence.text;
      separator = " ";
    }
  }
  return document;
}

class AclSumReader {
 public:
  explicit AclSumReader(const AclSumOptions& options) : options_(options) {}

  void read(const nlohmann::json& object, const std::string& where) {
    const JsonField paper(object, where);
    const std::string id = paper.at("id").text();
    ALARM_CHECK(!seen_.contains(id), "{}: paper \"{}\" stood in this file before", where, id);
    Record common;
    common.source = where;
    for (const char* section : kAclSumSections) {
      auto sentences = read_section(paper, section);
      common.sentences.insert(common.sentences.end(), sentences.begin(), sentences.end());
    }
    common.document = make_document(common.sentences, options_);
    ALARM_CHECK(!common.document.empty(), "{}: the sections to be shown have no sentence", where);
    std::vector<Record> records;
    for (const char* aspect : kAclSumAspects)
      records.push_back(make_record(common, paper, id, aspect));
    seen_.insert(id);
    std::move(records.begin(), records.end(), std::back_inserter(records_));
  }

  std::vector<Record> take() { return std::move(records_); }

 private:
  Record make_record(const Record& common, const JsonField& paper, const std::string& id,
                     const std::string& aspect) const {
    Record record = common;
    record.id = id + "/" + aspect;
    record.aspect = aspect;
    record.reference = std::string(trim(paper.at("summary").at(aspect).text()));
    record.question = aclsum_question(aspect);
    record.messages = {aclsum_message(record.document, aspect)};
    record.prompt = options_.chat(record.messages);
    return record;
  }

  const AclSumOptions& options_;
  std::set<std::string> seen_;
  std::vector<Record> records_;
};

void check_options(const AclSumOptions& options) {
  ALARM_CHECK(!options.sections.empty(),
              "sections is empty, expected some of abstract, introduction, conclusion");
  for (const std::string& section : options.sections) {
    const bool known =
        std::find(kAclSumSections.begin(), kAclSumSections.end(), section) != kAclSumSections.end();
    ALARM_CHECK(known, "section \"{}\" is not one of abstract, introduction, conclusion", section);
  }
}

}  // namespace

Dataset load_aclsum(const AclSumOptions& options) {
  check_options(options);
  AclSumReader reader(options);
  const auto skipped =
      read_json_lines(options.file, options.on_error,
                      [&](const auto& object, const auto& where) { reader.read(object, where); });
  return make_dataset("aclsum/" + options.file.stem().string(), reader.take(), skipped,
                      options.file);
}

}  // namespace alarm_dist
