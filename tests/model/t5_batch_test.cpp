// SPDX-License-Identifier: Apache-2.0
// A forest of prompts and responses through an encoder-decoder: packing and sharing change the
// work, not the answer; and what is refused.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/base/error.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/model/response_scores.hpp"

#include "model/seq2seq_batch.hpp"
#include "model/t5_config.hpp"
#include "model/tiny_llama.hpp"
#include "model/tiny_t5.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::ElementsAre;

constexpr std::int64_t kStart = 0;

at::Tensor states_of(const CausalLm& model, const Tokens& prompt, const Tokens& response) {
  RaggedBatch alone;
  alone.add(response, alone.add(prompt));
  const auto size = static_cast<std::int64_t>(response.size());
  return model.hidden(alone, Adapter::kOn).narrow(0, alone.rows() - size - 1, size + 1);
}

TEST(Seq2SeqBatch, MapsRowsOfAForest) {
  RaggedBatch batch;
  const int a = batch.add(Tokens{1, 2, 3}), b = batch.add(Tokens{9, 8});
  const int a1 = batch.add(Tokens{4, 5}, a);
  batch.add(Tokens{7}, b);
  batch.add(Tokens{}, a);
  batch.add(Tokens{6}, a1);

  const auto split = split_prompts(batch, kStart);

  EXPECT_THAT(split.encoder.tokens, ElementsAre(1, 2, 3, 9, 8));
  EXPECT_THAT(split.decoder.tokens, ElementsAre(kStart, 4, 5, 6, kStart, 7));
  // The last row of a prompt is its start token's: row 5 + 0 and 5 + 4.
  EXPECT_THAT(split.row_of, ElementsAre(0, 1, 5, 3, 9, 6, 7, 10, 8));
  EXPECT_EQ(split.decoder_rows[1].begin, 4);
  EXPECT_EQ(split.encoder_rows[1].begin, 3);
  EXPECT_EQ(split.decoder.segments[3].position, 3) << "behind the start token and a1";
}

TEST(T5Batch, ForestEqualsOneSequenceAtATime) {
  const TinyT5 tiny("tiny_t5_v1_1");
  const auto model = tiny.load(at::kDouble, T5Lora::kGolden);
  const Tokens a{5, 17, 40}, b{9, 8}, a1{3, 4}, a2{30}, b1{7, 7, 2}, a11{6, 6};
  RaggedBatch forest;
  const int root_a = forest.add(a), root_b = forest.add(b);
  const int seg_a1 = forest.add(a1, root_a);
  const int seg_b1 = forest.add(b1, root_b);
  const int seg_a2 = forest.add(a2, root_a);
  forest.add(Tokens{}, root_a);
  const int seg_a11 = forest.add(a11, seg_a1);

  const auto together = model->hidden(forest, Adapter::kOn);
  const auto rows = [&](int segment) {
    const Segment& s = forest.segments[static_cast<std::size_t>(segment)];
    return together.narrow(0, s.begin, s.size());
  };
  const auto first = [&](int segment) { return together.narrow(0, forest.row_before(segment), 1); };
  const auto in_order = at::cat({first(seg_a1), rows(seg_a1), rows(seg_a11), first(seg_a2),
                                 rows(seg_a2), first(seg_b1), rows(seg_b1)});
  probe(in_order).backward();
  const auto shared_gradients = take_gradients(*model);
  const auto expected = at::cat(
      {states_of(*model, a, {3, 4, 6, 6}), states_of(*model, a, a2), states_of(*model, b, b1)});
  probe(expected).backward();
  const auto separate_gradients = take_gradients(*model);

  EXPECT_LT(max_difference(in_order, expected), 1e-12);
  for (std::size_t i = 0; i < shared_gradients.size(); ++i)
    EXPECT_LT(relative_difference(shared_gradients[i], separate_gradients[i]), 1e-12);
}

// Beyond 256 rows siblings are cut into several attention calls.
TEST(T5Batch, ManySiblingsEqualFew) {
  const TinyT5 tiny("tiny_mt5");
  const auto model = tiny.load(at::kDouble, T5Lora::kOff);
  std::vector<Tokens> responses;
  for (std::int64_t r = 0; r < 8; ++r) responses.emplace_back(50 + 3 * r, 10 + r);
  ResponseBatch many;
  many.add(tiny.prompt(1), responses);

  const auto together = score_responses(*model, many, 1.0, Adapter::kOn).logprobs_T;

  for (std::size_t r = 0; r < responses.size(); ++r) {
    ResponseBatch one;
    one.add(tiny.prompt(1), std::span(responses).subspan(r, 1));
    const auto alone = score_responses(*model, one, 1.0, Adapter::kOn).logprobs_T;
    EXPECT_LT(max_difference(together.narrow(0, many.offsets()[r], alone.size(0)), alone), 1e-11);
  }
}

// A model whose third greedy token of the second prompt ends the sequence.
TEST(T5Generate, RowsThatEndLeaveTheOthersAsTheyAre) {
  const TinyT5 tiny("tiny_mt5");
  const TempDir dir;
  std::filesystem::copy(tiny.dir(), dir.path(), std::filesystem::copy_options::recursive);
  const auto end = tiny.tokens("greedy.1")[2];
  write_file(dir / "generation_config.json",
             R"({"decoder_start_token_id": 0, "eos_token_id": [)" + std::to_string(end) + "]}");
  const auto model =
      CausalLm::load(dir.path(), {.dtype = at::kDouble, .trained = Trained::kNothing});
  std::vector<GenerationRequest> requests;
  for (const std::size_t prompt : {0, 1, 1, 2})
    requests.push_back({tiny.prompt(prompt), static_cast<std::uint32_t>(requests.size())});

  const auto results = generate(*model, requests, {.max_new_tokens = 60, .temperature = 0}, {});

  for (std::size_t r = 0; r < requests.size(); ++r) {
    auto expected = tiny.tokens("greedy." + std::to_string(std::array{0, 1, 1, 2}[r]));
    expected.resize(60);
    const auto found = std::ranges::find(expected, end);
    if (found != expected.end()) expected.erase(found + 1, expected.end());
    EXPECT_EQ(results[r].tokens, expected) << "request " << r;
  }
  EXPECT_EQ(results[1].finish, FinishReason::kEndOfSequence);
}

class T5Files : public ::testing::Test {
 protected:
  T5Config read(const std::string& changes) {
    write_file(dir_ / "config.json",
               R"({"model_type": "t5", "num_layers": 2, "d_model": 16, "d_kv": 4, "num_heads": 3,)"
               R"( "d_ff": 24, "vocab_size": 64, "decoder_start_token_id": 0, "eos_token_id": 1)" +
                   (changes.empty() ? "}" : ", " + changes + "}"));
    return read_t5_config(dir_.path());
  }
  std::string error_of(const std::string& changes) {
    try {
      read(changes);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  TempDir dir_;
};

TEST_F(T5Files, OriginalFilesNeedNoNewKeys) {
  const auto config = read("");

  EXPECT_DOUBLE_EQ(config.output_scale, 0.25);
  EXPECT_FALSE(config.gated);
  EXPECT_EQ(config.activation, Activation::kRelu);
  EXPECT_EQ(config.shape.layers, 2);
  EXPECT_EQ(config.shape.context, kUnlimitedContext);
  EXPECT_THAT(config.shape.eos_tokens, ElementsAre(1));
}

// As Flan-T5 was published, and as Transformers 5 writes it.
TEST_F(T5Files, UntiedFilesOfBothAgesAreNotScaled) {
  const auto old_file = read(R"("feed_forward_proj": "gated-gelu", "tie_word_embeddings": false)");
  const auto new_file = read(R"("feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu_new",)"
                             R"( "tie_word_embeddings": true, "scale_decoder_outputs": false)");

  for (const auto& config : {old_file, new_file}) {
    EXPECT_DOUBLE_EQ(config.output_scale, 1);
    EXPECT_TRUE(config.gated);
    EXPECT_EQ(config.activation, Activation::kGeluTanh);
  }
}

TEST_F(T5Files, RefusalsNameTheKey) {
  EXPECT_THAT(error_of(R"("feed_forward_proj": "gated-tanh")"),
              ::testing::HasSubstr("feed_forward_proj"));
  EXPECT_THAT(error_of(R"("relative_attention_num_buckets": 2)"),
              ::testing::HasSubstr("relative attention buckets"));
  EXPECT_THAT(error_of(R"("decoder_start_token_id": null)"),
              ::testing::HasSubstr("decoder_start_token_id"));
  EXPECT_THAT(error_of(R"("decoder_start_token_id": 64)"),
              ::testing::HasSubstr("vocabulary of 64"));
  write_file(dir_ / "generation_config.json", R"({"decoder_start_token_id": 5})");
  EXPECT_THAT(error_of(""), ::testing::HasSubstr("0 in config.json and 5"));
}

TEST(T5Errors, NameWhatIsWrong) {
  const TinyT5 tiny("tiny_t5");
  const auto model = tiny.load(at::kFloat, T5Lora::kOff);
  RaggedBatch unknown_token, no_prompt, empty;
  unknown_token.add(Tokens{3, 64});
  no_prompt.add(Tokens{4}, no_prompt.add(Tokens{}));
  CausalLmOptions options;
  options.adapter.targets = {"q_proj"};

  EXPECT_THROW(model->hidden(unknown_token, Adapter::kOn), Error);
  EXPECT_THROW(model->hidden(no_prompt, Adapter::kOn), Error);
  EXPECT_THROW(model->hidden(empty, Adapter::kOn), Error);
  EXPECT_THROW(CausalLm::load(tiny.dir(), options), Error);
}

}  // namespace
}  // namespace alarm_dist
