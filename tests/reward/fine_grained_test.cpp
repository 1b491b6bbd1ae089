// SPDX-License-Identifier: Apache-2.0
// Longformer rewards as Wu et al. (2023) compute them, by tests/golden/make_fine_grained.py.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/model/encoder.hpp"
#include "alarm/reward/model_card.hpp"
#include "alarm/reward/source.hpp"

#include "model/tiny_families.hpp"
#include "reward/word_response.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using testing::word_response;
using Ids = std::vector<std::int64_t>;

class FineGrained : public ::testing::Test {
 protected:
  FineGrained()
      : data_(testing::source_dir() / "tests/data/reward/fine_grained"),
        golden_(nlohmann::json::parse(testing::read_file(data_ / "fine_grained.json"))) {
    record_.id = "r";
    record_.question = golden_.at("question");
  }

  void write_model(const std::string& key, const RewardModelCard& card) const {
    const auto& listing = golden_.at(key);
    testing::write_file(dir_ / "config.json", listing.at("config").dump());
    std::filesystem::copy_file(data_ / "tokenizer.json", dir_ / "tokenizer.json");
    NamedTensors tensors;
    for (const auto& [name, shape] : listing.at("tensors").items())
      tensors.emplace_back(name, testing::family_weight(name, shape.get<Ids>()));
    for (auto& [name, tensor] : tensors) {
      if (name == "classifier.bias")
        tensor = at::tensor(golden_.at("bias").get<std::vector<double>>(), at::kDouble);
    }
    write_safetensors(dir_ / "model.safetensors", tensors);
    save_reward_model_card(dir_.path(), card);
  }

  // What the source makes of the answers, in order.
  std::vector<ComponentTrace> score() const {
    std::vector<ScoredResponse> responses;
    for (const auto& answer : golden_.at("answers"))
      responses.push_back(word_response(text_of(answer), &record_));
    return make_learned_source({.name = "", .model = dir_.path(), .dtype = at::kDouble})
        ->score(responses);
  }

  static std::string text_of(const nlohmann::json& answer) {
    std::string text;
    for (const auto& sentence : answer.at("sentences"))
      text += (text.empty() ? "" : " ") + sentence.get<std::string>();
    return text;
  }

  std::filesystem::path data_;
  nlohmann::json golden_;
  testing::TempDir dir_;
  Record record_;
};

const InputTemplate kBySentence{
    .first = "question: {question} answer: {sentences}", .second = "", .max_tokens = 128};
const InputTemplate kWhole{
    .first = "{question} answer: {response}", .second = "", .max_tokens = 128};

TEST_F(FineGrained, ATokenClassifierReadsTheTokensThatItWasTrainedOn) {
  write_model("by_token", {.name = "factuality",
                           .granularity = Granularity::kSentence,
                           .input = kBySentence,
                           .labels = {{.label = 0}}});
  const auto tokenizer = load_tokenizer(dir_.path());
  const auto model = EncoderModel::load(dir_.path(), {.dtype = at::kDouble});
  for (const auto& answer : golden_.at("answers")) {
    const auto texts = answer.at("sentences").get<std::vector<std::string>>();
    const std::vector<std::string_view> sentences(texts.begin(), texts.end());

    const auto marked = build_marked_input(*tokenizer, kBySentence, record_,
                                           {.response = "", .sentences = sentences});
    const auto logits = model->logits({marked.input});

    EXPECT_EQ(marked.input.tokens, answer.at("tokens").get<Ids>());
    ASSERT_EQ(marked.marks, answer.at("marks").get<Ids>());
    for (std::size_t s = 0; s < sentences.size(); ++s) {
      for (std::size_t label = 0; label < 3; ++label) {
        const auto found = logits[marked.marks[s]][static_cast<std::int64_t>(label)];
        EXPECT_NEAR(found.item<double>(), answer.at("logits")[s][label].get<double>(), 1e-9);
      }
    }
  }
}

TEST_F(FineGrained, EverySentenceEarnsTheValueOfItsLabel) {
  write_model("by_token", {.name = "factuality",
                           .granularity = Granularity::kSentence,
                           .input = kBySentence,
                           .labels = {{.label = 0, .value = -0.5}, {.label = 2, .value = 0.5}}});

  const auto traces = score();

  for (std::size_t r = 0; r < traces.size(); ++r) {
    const auto expected = golden_.at("answers")[r].at("rewards").get<std::vector<double>>();
    ASSERT_EQ(traces[r].failure, "");
    ASSERT_EQ(traces[r].emissions.size(), expected.size());
    for (std::size_t s = 0; s < expected.size(); ++s)
      EXPECT_EQ(traces[r].emissions[s].value, expected[s]) << r << ' ' << s;
  }
}

TEST_F(FineGrained, ASequenceClassifierScoresTheWholeAnswer) {
  write_model("by_sequence", {.name = "completeness", .input = kWhole});
  const auto tokenizer = load_tokenizer(dir_.path());

  const auto traces = score();

  for (std::size_t r = 0; r < traces.size(); ++r) {
    const auto& answer = golden_.at("answers")[r];
    const auto input = build_input(*tokenizer, kWhole, record_, {.response = text_of(answer)});
    EXPECT_EQ(input.tokens, answer.at("whole").at("tokens").get<Ids>());
    ASSERT_EQ(traces[r].emissions.size(), 1U) << traces[r].failure;
    EXPECT_NEAR(traces[r].emissions[0].value, answer.at("whole").at("logit").get<double>(), 1e-9);
  }
}

}  // namespace
}  // namespace alarm_dist
