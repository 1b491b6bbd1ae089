// SPDX-License-Identifier: Apache-2.0
// What GGUF files keep of a SentencePiece model gives the model's own ids again.
#include "model/gguf_tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/text/sentencepiece_model.hpp"
#include "alarm/text/tokenizer.hpp"

#include "model/gguf_files.hpp"
#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

using namespace ::alarm_dist::testing;
using ::testing::HasSubstr;

// A GGUF file of metadata alone (version 3).
class GgufWriter {
 public:
  void text(const std::string& key, const std::string& value) {
    begin(key, kText);
    put_text(entries_, value);
  }
  void flag(const std::string& key, bool value) {
    begin(key, kFlag);
    entries_ += value ? '\1' : '\0';
  }
  void integer(const std::string& key, std::uint32_t value) {
    begin(key, kU32);
    put(entries_, value);
  }
  void texts(const std::string& key, const std::vector<std::string>& values) {
    begin_list(key, kText, values.size());
    for (const auto& value : values) put_text(entries_, value);
  }
  void integers(const std::string& key, const std::vector<std::int32_t>& values) {
    begin_list(key, kI32, values.size());
    for (const auto value : values) put(entries_, value);
  }
  void numbers(const std::string& key, const std::vector<float>& values) {
    begin_list(key, kF32, values.size());
    for (const auto value : values) put(entries_, value);
  }
  std::string bytes() const {
    std::string out = "GGUF";
    put(out, std::uint32_t{3});
    put(out, std::uint64_t{0});  // tensors
    put(out, count_);
    return out + entries_;
  }

 private:
  static constexpr std::uint32_t kU32 = 4, kI32 = 5, kF32 = 6, kFlag = 7, kText = 8, kList = 9;

  template <typename Number>
  static void put(std::string& out, Number number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  static void put_text(std::string& out, const std::string& text) {
    put(out, static_cast<std::uint64_t>(text.size()));
    out += text;
  }
  void begin(const std::string& key, std::uint32_t type) {
    ++count_;
    put_text(entries_, key);
    put(entries_, type);
  }
  void begin_list(const std::string& key, std::uint32_t type, std::size_t size) {
    begin(key, kList);
    put(entries_, type);
    put(entries_, static_cast<std::uint64_t>(size));
  }

  std::uint64_t count_ = 0;
  std::string entries_;
};

TokenizerFile tokenizer_of(const GgufWriter& writer) {
  const TempDir dir;
  write_file(dir / "model.gguf", writer.bytes());
  return gguf_tokenizer_file(GgufFile::open(dir / "model.gguf"));
}

GgufWriter llama_metadata() {
  const auto parts = nlohmann::json::parse(
      read_file(source_dir() / "tests/data/text/kinds/sentencepiece_bpe_parts.json"));
  GgufWriter writer;
  writer.text("tokenizer.ggml.model", "llama");
  writer.texts("tokenizer.ggml.tokens", parts["tokens"]);
  writer.numbers("tokenizer.ggml.scores", parts["scores"]);
  writer.integers("tokenizer.ggml.token_type", parts["types"]);
  writer.integer("tokenizer.ggml.bos_token_id", 1);
  writer.integer("tokenizer.ggml.eos_token_id", 2);
  writer.flag("tokenizer.ggml.remove_extra_whitespaces", true);
  return writer;
}

TEST(GgufTokenizer, LlamaIsASentencePieceModel) {
  const TempDir dir;
  const auto original =
      load_tokenizer(source_dir() / "tests/data/text/kinds/sentencepiece_bpe.model");

  const TokenizerFile file = tokenizer_of(llama_metadata());

  EXPECT_EQ(file.tokenizer_class, "LlamaTokenizer");
  ASSERT_EQ(file.name, "tokenizer.model");
  write_file(dir / file.name, file.bytes);
  const auto made = load_tokenizer(dir.path());
  for (const char* text : {"Hello, world!", "  two  spaces ", "naïve 中文 😀 <sep> x", "0123"}) {
    EXPECT_EQ(made->encode(text).ids, original->encode(text).ids) << text;
  }
}

std::vector<std::int64_t> ids_of(const TokenizerFile& file, const std::string& text) {
  return parse_tokenizer(file.bytes, file.name)->encode(text, {.special_tokens = true}).ids;
}

std::filesystem::path unigram_file() {
  return source_dir() / "tests/data/text/kinds/sentencepiece_unigram.model";
}

// As llama.cpp's converter writes a model whose embedding has more rows than it has pieces.
GgufWriter unigram_metadata(const std::string& architecture, SentencePieceModel model,
                            std::size_t rows) {
  for (auto id = model.tokens.size(); id < rows; ++id) {
    model.tokens.push_back("[PAD" + std::to_string(id) + "]");
    model.scores.push_back(-10000);
    model.types.push_back(5);
  }
  GgufWriter writer;
  writer.text("general.architecture", architecture);
  writer.integer(architecture + ".context_length", 512);
  writer.text("tokenizer.ggml.model", "t5");
  writer.texts("tokenizer.ggml.tokens", model.tokens);
  writer.numbers("tokenizer.ggml.scores", {model.scores.begin(), model.scores.end()});
  writer.integers("tokenizer.ggml.token_type", {model.types.begin(), model.types.end()});
  writer.integers("tokenizer.ggml.precompiled_charsmap",
                  {model.character_map.begin(), model.character_map.end()});
  writer.flag("tokenizer.ggml.add_space_prefix", model.add_space_prefix);
  writer.flag("tokenizer.ggml.remove_extra_whitespaces", model.remove_extra_whitespaces);
  writer.integer("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(model.end));
  return writer;
}

GgufWriter t5_metadata(std::size_t rows) {
  return unigram_metadata("t5", read_sentencepiece_model(read_file(unigram_file()), "unigram"),
                          rows);
}

// The tokenizer of a Hugging Face directory made of the metadata.
std::unique_ptr<Tokenizer> converted(const GgufWriter& writer, const TempDir& dir) {
  write_file(dir / "model.gguf", writer.bytes());
  const auto gguf = GgufFile::open(dir / "model.gguf");
  const TokenizerFile file = gguf_tokenizer_file(gguf);
  write_file(dir / file.name, file.bytes);
  write_file(dir / "tokenizer_config.json", gguf_tokenizer_config(gguf, file).dump());
  return load_tokenizer(dir.path());
}

TEST(GgufTokenizer, T5IsAUnigramModelWithSentinelsInRowsThatArePadded) {
  const TempDir original_dir, dir;
  write_file(original_dir / "spiece.model", read_file(unigram_file()));
  write_file(original_dir / "tokenizer_config.json", R"({"tokenizer_class": "T5Tokenizer"})");
  const auto original = load_tokenizer(original_dir.path());

  const auto made =
      converted(t5_metadata(static_cast<std::size_t>(original->id_limit()) + 28), dir);

  EXPECT_EQ(made->id_limit(), original->id_limit());
  for (const char* text : {"Hello, world!", "  two  spaces ", "a <extra_id_0> b<extra_id_99>",
                           "naïve 中文 😀 </s> x", "ﬁne ①"}) {
    EXPECT_EQ(made->encode(text).ids, original->encode(text).ids) << text;
    EXPECT_EQ(made->decode(made->encode(text).ids).text,
              original->decode(original->encode(text).ids).text);
  }
}

// mT5's sentinels are pieces; the few rows behind them are nothing.
TEST(GgufTokenizer, FewPaddedRowsAreNoSentinels) {
  const TempDir original_dir, dir;
  write_file(original_dir / "spiece.model", read_file(unigram_file()));
  write_file(original_dir / "tokenizer_config.json",
             R"({"tokenizer_class": "T5Tokenizer", "extra_ids": 0})");
  const auto original = load_tokenizer(original_dir.path());

  const auto made =
      converted(t5_metadata(static_cast<std::size_t>(original->id_limit()) + 12), dir);

  EXPECT_EQ(made->id_limit(), original->id_limit());
  EXPECT_FALSE(made->id_of("<extra_id_0>").has_value());
}

// As llama.cpp's converter orders XLM-RoBERTa's tokens: fairseq's four, then the pieces behind the
// first three, then rows that are nothing, the mask's among them.
TEST(GgufTokenizer, XlmRobertasPiecesAreThoseOfTheirModel) {
  const TempDir original_dir, dir;
  write_file(original_dir / "sentencepiece.bpe.model", read_file(unigram_file()));
  write_file(original_dir / "tokenizer_config.json",
             R"({"tokenizer_class": "XLMRobertaTokenizer"})");
  const auto original = load_tokenizer(original_dir.path());
  auto model = read_sentencepiece_model(read_file(unigram_file()), "unigram");
  model.tokens[0] = "<s>", model.tokens[1] = "<pad>", model.tokens[2] = "</s>";
  model.tokens.insert(model.tokens.begin() + 3, "<unk>");
  model.types[0] = 3, model.types[1] = 3, model.types[2] = 3;
  model.types.insert(model.types.begin() + 3, 2);
  model.scores.insert(model.scores.begin() + 3, 0);
  model.unknown = 3, model.begin = 0, model.end = 2;

  const auto made = converted(unigram_metadata("bert", model, model.tokens.size() + 1), dir);

  EXPECT_EQ(made->id_limit(), original->id_limit());
  for (const char* text : {"Hello, world!", "  two  spaces ", "a <mask> b</s>", "naïve 中文 😀 x"}) {
    EXPECT_EQ(made->encode(text).ids, original->encode(text).ids) << text;
  }
}

// Against tokenizers' BertWordPieceTokenizer, by tests/golden/make_gguf_bert.py.
TEST(GgufTokenizer, BertIsAWordPieceModel) {
  const auto listing = nlohmann::json::parse(read_file(gguf_dir() / "bert_ids.json"));
  const auto file = gguf_tokenizer_file(GgufFile::open(gguf_file("bert")));

  for (std::size_t i = 0; i < listing["texts"].size(); ++i) {
    const std::string text = listing["texts"][i];
    EXPECT_EQ(ids_of(file, text), listing["ids"][i].get<std::vector<std::int64_t>>()) << text;
  }
  const auto tokenizer = parse_tokenizer(file.bytes, file.name);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("The cats sat.").ids).text, "the cats sat.");
}

TEST(GgufTokenizer, RobertaIsByteLevel) {
  const auto file = gguf_tokenizer_file(GgufFile::open(gguf_file("roberta")));

  EXPECT_THAT(ids_of(file, "abc"), ::testing::ElementsAre(0, 22, 6, 2));
  EXPECT_THAT(ids_of(file, "a<mask>"), ::testing::ElementsAre(0, 4, 23, 2));
}

nlohmann::json ends_golden() {
  return nlohmann::json::parse(read_file(gguf_dir() / "bpe_ends.json"));
}

// The listing's tokenizer, with what one of its cases says of the ends of texts.
GgufWriter byte_level_metadata(const nlohmann::json& listing, const nlohmann::json& ends) {
  GgufWriter writer;
  writer.text("tokenizer.ggml.model", "gpt2");
  writer.text("tokenizer.ggml.pre", ends.at("pre"));
  writer.texts("tokenizer.ggml.tokens", listing["tokens"]);
  writer.integers("tokenizer.ggml.token_type", listing["types"]);
  writer.texts("tokenizer.ggml.merges", listing["merges"]);
  for (const auto& [key, value] : ends.items()) {
    if (value.is_boolean()) writer.flag("tokenizer.ggml." + key, value);
    if (value.is_number()) writer.integer("tokenizer.ggml." + key, value);
  }
  return writer;
}

// Against transformers' reading of such files, by tests/golden/make_gguf_tokenizers.py.
TEST(GgufTokenizer, ByteLevelTextsBeginAndEndAsTheFileSays) {
  const auto listing = ends_golden();
  ASSERT_EQ(listing["cases"].size(), 18U);
  for (const auto& ends : listing["cases"]) {
    const TokenizerFile file = tokenizer_of(byte_level_metadata(listing, ends));
    for (std::size_t i = 0; i < listing["texts"].size(); ++i) {
      EXPECT_EQ(ids_of(file, listing["texts"][i]), ends["ids"][i].get<std::vector<std::int64_t>>())
          << ends;
    }
  }
}

// llama.cpp's defaults, on which Llama 3 files depend that were written before the key was.
TEST(GgufTokenizer, Llama3BeginsTextsWhereNoKeySaysOtherwise) {
  const auto listing = ends_golden();
  nlohmann::json ends = {{"pre", "llama-bpe"}, {"bos_token_id", 5}, {"eos_token_id", 6}};
  EXPECT_THAT(ids_of(tokenizer_of(byte_level_metadata(listing, ends)), "ab a"),
              ::testing::ElementsAre(5, 2, 4));

  ends["pre"] = "qwen2";

  EXPECT_THAT(ids_of(tokenizer_of(byte_level_metadata(listing, ends)), "ab a"),
              ::testing::ElementsAre(2, 4));
}

TEST(GgufTokenizer, AnEndOutsideTheVocabularyIsRefused) {
  const nlohmann::json ends = {{"pre", "llama-bpe"}, {"bos_token_id", 7}};
  const auto writer = byte_level_metadata(ends_golden(), ends);
  EXPECT_THROW(tokenizer_of(writer), Error);
}

TEST(GgufTokenizer, AnUnknownKindIsNamed) {
  GgufWriter writer;
  writer.text("tokenizer.ggml.model", "rwkv");
  try {
    tokenizer_of(writer);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("model.gguf"));
    EXPECT_THAT(error.what(), HasSubstr("\"rwkv\"; supported: gpt2"));
  }
}

}  // namespace
}  // namespace alarm_dist
