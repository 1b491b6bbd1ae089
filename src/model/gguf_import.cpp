// SPDX-License-Identifier: Apache-2.0
#include "model/gguf_import.hpp"

#include <string>
#include <utility>

#include <ATen/Functions.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"
#include "alarm/store/gguf.hpp"
#include "alarm/store/tensor_file.hpp"
#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {
namespace {

using Json = nlohmann::ordered_json;

void check_supported(const GgufFile& file) {
  const auto& architecture = file.text("general.architecture");
  ALARM_CHECK(architecture == "llama",
              "{}: general.architecture is \"{}\"; supported architectures: llama",
              file.path().string(), architecture);
  const auto& tokenizer = file.text("tokenizer.ggml.model");
  ALARM_CHECK(tokenizer == "gpt2",
              "{}: tokenizer.ggml.model is \"{}\"; supported: gpt2 (byte-level BPE)",
              file.path().string(), tokenizer);
}

struct Heads {
  std::int64_t queries, keys, size;
};

Heads read_heads(const GgufFile& file) {
  const auto queries = file.integer("llama.attention.head_count");
  const auto keys = file.has("llama.attention.head_count_kv")
                        ? file.integer("llama.attention.head_count_kv")
                        : queries;
  ALARM_CHECK(queries > 0 && keys > 0, "{}: {} heads with {} key-value heads", file.path().string(),
              queries, keys);
  const auto size = file.has("llama.attention.key_length")
                        ? file.integer("llama.attention.key_length")
                        : file.integer("llama.embedding_length") / queries;
  const auto rotated =
      file.has("llama.rope.dimension_count") ? file.integer("llama.rope.dimension_count") : size;
  ALARM_CHECK(rotated == size,
              "{}: {} of {} features of a head are rotated, only all are supported",
              file.path().string(), rotated, size);
  return {queries, keys, size};
}

// GGUF stores float32; its shortest decimal is the number that was meant (1e-05,
// not 9.999999747378752e-06).
double shortest(double value) { return std::stod(fmt::format("{}", static_cast<float>(value))); }

Json token_or_null(const GgufFile& file, const std::string& key) {
  return file.has(key) ? Json(file.integer(key)) : Json(nullptr);
}

Json make_config(const GgufFile& file, c10::ScalarType dtype) {
  const auto heads = read_heads(file);
  Json config;
  config["architectures"] = {"LlamaForCausalLM"};
  config["model_type"] = "llama";
  config["vocab_size"] = file.texts("tokenizer.ggml.tokens").size();
  config["hidden_size"] = file.integer("llama.embedding_length");
  config["intermediate_size"] = file.integer("llama.feed_forward_length");
  config["num_hidden_layers"] = file.integer("llama.block_count");
  config["num_attention_heads"] = heads.queries;
  config["num_key_value_heads"] = heads.keys;
  config["head_dim"] = heads.size;
  config["hidden_act"] = "silu";
  config["max_position_embeddings"] = file.integer("llama.context_length");
  config["rms_norm_eps"] = shortest(file.number("llama.attention.layer_norm_rms_epsilon"));
  config["rope_theta"] =
      file.has("llama.rope.freq_base") ? shortest(file.number("llama.rope.freq_base")) : 10000.0;
  config["attention_bias"] = false;
  config["mlp_bias"] = false;
  config["tie_word_embeddings"] = !file.contains("output.weight");
  config["bos_token_id"] = token_or_null(file, "tokenizer.ggml.bos_token_id");
  config["eos_token_id"] = token_or_null(file, "tokenizer.ggml.eos_token_id");
  config["pad_token_id"] = token_or_null(file, "tokenizer.ggml.padding_token_id");
  config["dtype"] = dtype_name(dtype);
  config["torch_dtype"] = dtype_name(dtype);  // the name before Transformers 5
  return config;
}

Json make_generation_config(const GgufFile& file) {
  Json config;
  for (const auto& [name, key] :
       {std::pair{"bos_token_id", "bos_token_id"}, std::pair{"eos_token_id", "eos_token_id"},
        std::pair{"pad_token_id", "padding_token_id"}}) {
    config[name] = token_or_null(file, std::string("tokenizer.ggml.") + key);
  }
  return config;
}

Json make_tokenizer_config(const GgufFile& file) {
  const auto& tokens = file.texts("tokenizer.ggml.tokens");
  Json config;
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  for (const auto& [name, key] :
       {std::pair{"bos_token", "bos_token_id"}, std::pair{"eos_token", "eos_token_id"},
        std::pair{"unk_token", "unknown_token_id"}, std::pair{"pad_token", "padding_token_id"}}) {
    const auto full_key = std::string("tokenizer.ggml.") + key;
    if (!file.has(full_key)) continue;
    const auto id = file.integer(full_key);
    ALARM_CHECK(id >= 0 && id < static_cast<std::int64_t>(tokens.size()),
                "{}: {} is {}, outside the vocabulary of {}", file.path().string(), full_key, id,
                tokens.size());
    config[name] = tokens[static_cast<std::size_t>(id)];
  }
  config["model_max_length"] = file.integer("llama.context_length");
  config["clean_up_tokenization_spaces"] = false;
  if (file.has("tokenizer.chat_template"))
    config["chat_template"] = file.text("tokenizer.chat_template");
  return config;
}

std::string make_tokenizer(const GgufFile& file) {
  const std::string pre =
      file.has("tokenizer.ggml.pre") ? file.text("tokenizer.ggml.pre") : "default";
  return make_bpe_tokenizer_json(file.texts("tokenizer.ggml.tokens"),
                                 file.texts("tokenizer.ggml.merges"),
                                 file.integers("tokenizer.ggml.token_type"), pre);
}

// GGUF's rows of q and k stand in the order of interleaved rotation (pairs 2i, 2i+1); Hugging
// Face's halves are i, i+E/2.
at::Tensor half_split_rows(const at::Tensor& weight, std::int64_t heads) {
  return weight.view({heads, weight.size(0) / heads / 2, 2, weight.size(1)})
      .transpose(1, 2)
      .reshape(weight.sizes());
}

NamedTensors read_weights(const GgufFile& file, c10::ScalarType dtype) {
  const auto heads = read_heads(file);
  NamedTensors tensors;
  const auto add = [&](const std::string& name, const std::string& stored,
                       std::int64_t permuted_heads = 0) {
    ALARM_CHECK(file.contains(stored), "{}: tensor '{}' is missing", file.path().string(), stored);
    auto tensor = file.dequantize(stored);
    if (permuted_heads > 0) tensor = half_split_rows(tensor, permuted_heads);
    tensors.emplace_back(name + ".weight", tensor.to(dtype));
  };
  add("model.embed_tokens", "token_embd.weight");
  for (std::int64_t i = 0; i < file.integer("llama.block_count"); ++i) {
    const auto layer = "model.layers." + std::to_string(i) + ".",
               block = "blk." + std::to_string(i) + ".";
    add(layer + "input_layernorm", block + "attn_norm.weight");
    add(layer + "self_attn.q_proj", block + "attn_q.weight", heads.queries);
    add(layer + "self_attn.k_proj", block + "attn_k.weight", heads.keys);
    add(layer + "self_attn.v_proj", block + "attn_v.weight");
    add(layer + "self_attn.o_proj", block + "attn_output.weight");
    add(layer + "post_attention_layernorm", block + "ffn_norm.weight");
    add(layer + "mlp.gate_proj", block + "ffn_gate.weight");
    add(layer + "mlp.up_proj", block + "ffn_up.weight");
    add(layer + "mlp.down_proj", block + "ffn_down.weight");
  }
  add("model.norm", "output_norm.weight");
  if (file.contains("output.weight")) add("lm_head", "output.weight");
  return tensors;
}

}  // namespace

const char* dtype_name(c10::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    default:
      throw Error(fmt::format("weights of type {} are not supported", c10::toString(dtype)));
  }
}

void import_gguf(const std::filesystem::path& gguf, c10::ScalarType dtype,
                 const std::filesystem::path& dir) {
  const auto file = GgufFile::open(gguf);
  check_supported(file);
  write_file_atomically(dir / "config.json", make_config(file, dtype).dump(2) + "\n");
  write_file_atomically(dir / "generation_config.json",
                        make_generation_config(file).dump(2) + "\n");
  write_file_atomically(dir / "tokenizer.json", make_tokenizer(file));
  write_file_atomically(dir / "tokenizer_config.json", make_tokenizer_config(file).dump(2) + "\n");
  write_safetensors(dir / "model.safetensors", read_weights(file, dtype), {{"format", "pt"}});
}

}  // namespace alarm_dist
