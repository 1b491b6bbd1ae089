// SPDX-License-Identifier: Apache-2.0
// The 260K story model of llama2.c says greedily what its own documentation shows. The reader of
// its format is here: it writes a Hugging Face directory, and the program loads that.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/generator.hpp"
#include "alarm/text/sentencepiece_model.hpp"
#include "alarm/text/tokenizer.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;
using testing::read_file;
using testing::TempDir;
using testing::write_file;

constexpr std::int64_t kBegin = 1, kEnd = 2;
constexpr std::size_t kTokens = 180;

fs::path stories_dir() {
  const char* data = std::getenv("ALARM_DATA");
  return (data != nullptr ? fs::path(data) : testing::source_dir() / "../shared/data") /
         "stories260K";
}

class Bytes {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  template <typename Number>
  Number number() {
    Number value{};
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }
  std::string_view take(std::size_t size) {
    ALARM_CHECK(at_ + size <= bytes_.size(), "the file ends at byte {}", bytes_.size());
    at_ += size;
    return std::string_view(bytes_).substr(at_ - size, size);
  }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

// The header of the format: seven int32. A positive vocabulary means a tied head.
struct Shape {
  std::int32_t hidden, feed_forward, layers, heads, kv_heads, vocabulary, context;
  std::int64_t head_size() const { return hidden / heads; }
};

class Reader {
 public:
  explicit Reader(const fs::path& file) : bytes_(read_file(file)), shape_(bytes_.number<Shape>()) {}

  const Shape& shape() const { return shape_; }

  // Tensors stand in this order, each kind for all layers; float32.
  NamedTensors tensors() {
    const auto heads = std::int64_t{shape_.heads}, kv_heads = std::int64_t{shape_.kv_heads};
    const std::int64_t hidden = shape_.hidden, wide = shape_.feed_forward;
    const std::int64_t kv = kv_heads * shape_.head_size();
    NamedTensors all{{"model.embed_tokens.weight", take({shape_.vocabulary, hidden})}};
    layers(all, "input_layernorm", [&] { return take({hidden}); });
    layers(all, "self_attn.q_proj", [&] { return halves(take({hidden, hidden}), heads); });
    layers(all, "self_attn.k_proj", [&] { return halves(take({kv, hidden}), kv_heads); });
    layers(all, "self_attn.v_proj", [&] { return take({kv, hidden}); });
    layers(all, "self_attn.o_proj", [&] { return take({hidden, hidden}); });
    layers(all, "post_attention_layernorm", [&] { return take({hidden}); });
    layers(all, "mlp.gate_proj", [&] { return take({wide, hidden}); });
    layers(all, "mlp.down_proj", [&] { return take({hidden, wide}); });
    layers(all, "mlp.up_proj", [&] { return take({wide, hidden}); });
    all.emplace_back("model.norm.weight", take({hidden}));
    take({2, shape_.context, shape_.head_size() / 2});  // cosines and sines
    ALARM_CHECK(bytes_.left() == 0, "{} bytes are left", bytes_.left());
    return all;
  }

 private:
  at::Tensor take(at::IntArrayRef shape) {
    auto tensor = at::empty(shape, at::kFloat);
    std::memcpy(tensor.mutable_data_ptr<float>(), bytes_.take(tensor.nbytes()).data(),
                tensor.nbytes());
    return tensor;
  }
  template <typename Make>
  void layers(NamedTensors& all, const std::string& name, const Make& make) {
    for (std::int32_t layer = 0; layer < shape_.layers; ++layer)
      all.emplace_back("model.layers." + std::to_string(layer) + "." + name + ".weight", make());
  }
  // llama2.c turns features 2i and 2i + 1 together, Hugging Face i and i + half.
  static at::Tensor halves(const at::Tensor& rows, std::int64_t heads) {
    const auto size = rows.size(0) / heads;
    return rows.view({heads, size / 2, 2, rows.size(1)})
        .transpose(1, 2)
        .reshape(rows.sizes())
        .contiguous();
  }

  Bytes bytes_;
  Shape shape_;
};

void write_config(const Shape& shape, const fs::path& dir) {
  const nlohmann::json config = {{"architectures", {"LlamaForCausalLM"}},
                                 {"model_type", "llama"},
                                 {"hidden_size", shape.hidden},
                                 {"intermediate_size", shape.feed_forward},
                                 {"num_hidden_layers", shape.layers},
                                 {"num_attention_heads", shape.heads},
                                 {"num_key_value_heads", shape.kv_heads},
                                 {"vocab_size", shape.vocabulary},
                                 {"max_position_embeddings", shape.context},
                                 {"rms_norm_eps", 1e-5},
                                 {"rope_theta", 10000.0},
                                 {"hidden_act", "silu"},
                                 {"tie_word_embeddings", true},
                                 {"bos_token_id", kBegin},
                                 {"eos_token_id", {kBegin, kEnd}}};
  write_file(dir / "config.json", config.dump());
}

// The vocabulary's file: int32 longest; of each token a float32 score, an int32 size, its bytes,
// with spaces for SentencePiece's marks.
SentencePieceModel read_vocabulary(const fs::path& file, std::int32_t size) {
  constexpr std::int64_t kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6;
  Bytes bytes(read_file(file));
  bytes.number<std::int32_t>();
  SentencePieceModel model;
  for (std::int32_t id = 0; id < size; ++id) {
    model.scores.push_back(bytes.number<float>());
    const auto length = bytes.number<std::int32_t>();
    std::string piece;
    for (const char c : bytes.take(static_cast<std::size_t>(length)))
      piece += c == ' ' ? std::string("▁") : std::string(1, c);
    const bool byte = piece.size() == 6 && piece.starts_with("<0x");
    model.tokens.push_back(piece);
    model.types.push_back(id == 0 ? kUnknown : id <= kEnd ? kControl : byte ? kByte : kNormal);
  }
  model.tokens[0] = "<unk>", model.tokens[kBegin] = "<s>", model.tokens[kEnd] = "</s>";
  return model;
}

// What the documentation shows under "-t 0.0".
std::string documented_text(const fs::path& file) {
  const std::string text = read_file(file);
  const std::string command = "tok512.bin -t 0.0\n";
  const auto begin = text.find(command) + command.size();
  return text.substr(begin, text.find("\n```", begin) - begin);
}

class Stories : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(Stories, GreedyTokensAreTheDocumentedText) {
  const auto source = stories_dir();
  if (!fs::exists(source / "stories260K.bin"))
    GTEST_SKIP() << source.string()
                 << " has no stories260K.bin; set ALARM_DATA to the folder above";
  const TempDir dir;
  Reader reader(source / "stories260K.bin");
  write_config(reader.shape(), dir.path());
  write_weights(dir.path(), reader.tensors());
  write_file(dir / "tokenizer.model", make_sentencepiece_model(read_vocabulary(
                                          source / "tok512.bin", reader.shape().vocabulary)));
  const std::string expected = documented_text(source / "README-llama2.c.md");
  const auto model = CausalLm::load(resolve_model(dir.path(), GetParam(), dir / "cache"),
                                    {.dtype = GetParam(), .trained = Trained::kNothing});

  const auto told = generate(*model, std::vector<GenerationRequest>{{.prompt = {kBegin}}},
                             {.max_new_tokens = 256, .temperature = 0}, {})
                        .front()
                        .tokens;

  ASSERT_GE(told.size(), kTokens);
  const auto tokenizer = load_tokenizer(dir.path());
  const auto first = tokenizer->decode(std::span(told).first(kTokens)).text;
  EXPECT_EQ(first, expected.substr(0, first.size()));
  EXPECT_GT(first.size(), 400U);
  EXPECT_EQ(tokenizer->decode(told).text, expected);
}

INSTANTIATE_TEST_SUITE_P(Precision, Stories, ::testing::Values(at::kFloat, at::kDouble),
                         [](const auto& suite) { return std::string(c10::toString(suite.param)); });

}  // namespace
}  // namespace alarm_dist
