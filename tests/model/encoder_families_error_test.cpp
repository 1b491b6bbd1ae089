// SPDX-License-Identifier: Apache-2.0
// What encoders of other families than BERT refuse, and how they say it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/model/encoder.hpp"

#include "model/tiny_encoders.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

template <typename... Parts>
void expect_refused(const std::string& variant, const std::string& changes, Parts... parts) {
  const TempDir temp;
  const auto dir = write_encoder(variant, temp / "model", changes);
  EXPECT_THAT([&] { EncoderModel::load(dir, {}); },
              ThrowsMessage<Error>(AllOf(HasSubstr(parts)...)));
}

TEST(EncoderErrors, NameAnUnknownArchitecture) {
  expect_refused("roberta_trunk", R"({"model_type": "electra"})", "config.json",
                 "\"model_type\" is \"electra\"",
                 "supported: bert, roberta, xlm-roberta, longformer, deberta-v2");
  expect_refused("roberta_trunk", R"({"model_type": null})", "\"model_type\" is missing");
}

TEST(EncoderErrors, NameAHeadThatIsNotKnown) {
  expect_refused("bert_sequence", R"({"architectures": ["BertForMultipleChoice"]})",
                 "/model: the architecture", "\"BertForMultipleChoice\"", "'classifier.weight'",
                 "supported: BertForSequenceClassification, BertForTokenClassification");
}

TEST(EncoderErrors, NameTheHeadThatTheFamilyHas) {
  const TempDir temp;
  const auto dir = write_encoder("roberta_tokens", temp / "model",
                                 R"({"architectures": ["RobertaForSequenceClassification"]})");

  EXPECT_THAT([&] { EncoderModel::load(dir, {}); },
              ThrowsMessage<Error>(
                  HasSubstr("a RobertaForSequenceClassification has 'classifier.dense.weight' and "
                            "'classifier.out_proj.weight', found 'classifier.weight'")));
}

TEST(EncoderErrors, NameTheTensorThatIsWrong) {
  expect_refused("longformer_sequence", R"({"num_hidden_layers": 3, "attention_window": 4})",
                 "model.safetensors",
                 "'longformer.encoder.layer.2.attention.self.query.weight' is missing");
  expect_refused("roberta_sequence", R"({"model_type": "longformer"})", "model.safetensors",
                 "'longformer.embeddings.word_embeddings.weight' is missing");
  expect_refused("deberta_v3_sequence", R"({"position_buckets": 8})", "model.safetensors",
                 "'deberta.encoder.rel_embeddings.weight'", "expected shape [16, 8], found [8, 8]");
}

TEST(EncoderErrors, NameWhatOfAWindowIsWrong) {
  const char* expected = "supported: an even number above 0, or one for each layer";
  expect_refused("longformer_trunk", R"({"attention_window": [4, 8, 8]})",
                 "\"attention_window\" is [4,8,8]", expected);
  expect_refused("longformer_trunk", R"({"attention_window": 5})", "\"attention_window\" is 5",
                 expected);
}

TEST(EncoderErrors, NameTheVariantsOfDebertaThatAreNotThere) {
  expect_refused("deberta_v2_sequence", R"({"conv_kernel_size": 3})", "\"conv_kernel_size\" is 3",
                 "convolution");
  expect_refused("deberta_v2_sequence", R"({"relative_attention": false})",
                 "\"relative_attention\" is false");
  expect_refused("deberta_v2_sequence", R"({"pos_att_type": "c2p|p2p"})", "supported: c2p, p2c");
  expect_refused("deberta_v2_sequence", R"({"embedding_size": 4})",
                 "\"embedding_size\" is 4; supported: 8");
}

TEST(EncoderErrors, NameTheGlobalTokenThatIsNotThere) {
  const TempDir temp;
  const auto model = EncoderModel::load(write_encoder("longformer_trunk", temp / "model"), {});
  const auto expect_named = [&](std::vector<std::int64_t> global, const char* part) {
    const EncoderInput input{.tokens = {3, 4}, .types = {0, 0}, .global = std::move(global)};
    EXPECT_THAT([&] { model->hidden({input}); },
                ThrowsMessage<Error>(AllOf(HasSubstr("sequence 0 "), HasSubstr(part))));
  };

  expect_named({2}, "found 2");
  expect_named({1, 0}, "found 0");
  expect_named({-1}, "found -1");
}

TEST(EncoderErrors, SayWhyAHeadHasNoScore) {
  const TempDir temp;
  const auto scores = [&](const char* variant) {
    EncoderModel::load(write_encoder(variant, temp / variant), {})->scores({});
  };

  EXPECT_THAT([&] { scores("bert_sequence"); },
              ThrowsMessage<Error>(HasSubstr("head has 3 for a sequence")));
  EXPECT_THAT([&] { scores("longformer_tokens"); },
              ThrowsMessage<Error>(HasSubstr("head has 3 for a token")));
}

}  // namespace
}  // namespace alarm_dist
