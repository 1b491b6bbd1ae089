// SPDX-License-Identifier: Apache-2.0
#include "model/checkpoint_names.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "alarm/model/reward_head.hpp"

#include "model/config_file.hpp"
#include "model/encoder_config.hpp"
#include "model/encoder_tensors.hpp"
#include "model/families.hpp"
#include "model/score_names.hpp"
#include "model/t5_config.hpp"
#include "model/tensor_census.hpp"

namespace alarm_dist {
namespace {

// What published checkpoints carry and no computation reads, by the ending of the name. These are
// the names that transformers 5.23 ignores (_keys_to_ignore_on_load_unexpected of its classes, and
// two that it adds for all).
struct IdleTensor {
  std::string_view model_type;  // empty: any
  std::string_view ending;
};
constexpr IdleTensor kIdle[] = {
    {"", "rotary_emb.inv_freq"},      // follows from the config
    {"", "embeddings.position_ids"},  // 0, 1, 2...
    {"gpt2", ".attn.bias"},           // the causal mask
    {"gpt2", ".attn.masked_bias"},    // what stands where it hides
    {"gpt_neox", ".attention.bias"},  // the same two
    {"gpt_neox", ".attention.masked_bias"},
    // T5's first files: the cross-attention of the first block has no bias.
    {"t5", "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"},
    {"mt5", "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"},
    {"deberta-v2", "embeddings.position_embeddings.weight"}};  // v3 has relative ones only

// Heads that a trunk may have and its use here does not read, by the beginning of the name: those
// of pre-training, of answering questions, and the value heads of TRL and OpenRLHF.
constexpr std::string_view kEncoderHeads[] = {
    "cls.",        "lm_head.", "lm_predictions.", "mask_predictions.",
    "qa_outputs.", "score.",   "classifier.",     "pooler."};
constexpr std::string_view kValueHeads[] = {"v_head.", "value_head."};

void count_decoder_layer(const DecoderSpec& spec, const std::string& layer, TensorCensus& census) {
  const auto& names = spec.names;
  for (const auto& name : {names.attention_norm, names.mlp_norm}) {
    census.need(layer + name + ".weight");
    if (spec.norm == NormKind::kLayer) census.need(layer + name + ".bias");
  }
  for (const auto& name : {names.query_norm, names.key_norm}) {
    if (!name.empty()) census.need(layer + name + ".weight");
  }
  for (const auto* maps : {&spec.qkv, &spec.output, &spec.up, &spec.down}) {
    for (const auto& name : maps->names) {
      census.need(layer + name + ".weight");
      if (maps->bias) census.need(layer + name + ".bias");
    }
  }
}

std::vector<NamedLayers> count_decoder(const DecoderSpec& spec, TensorCensus& census) {
  const auto& names = spec.names;
  const auto embedding = names.embedding + ".weight";
  // As WeightReader has it: a checkpoint of the bare trunk lacks the prefix.
  const bool bare = !census.has(names.trunk + embedding) && census.has(embedding);
  const auto trunk = bare ? std::string() : names.trunk;
  const auto layers = trunk + names.layers + ".";
  census.need(trunk + embedding);
  if (!names.positions.empty()) census.need(trunk + names.positions + ".weight");
  for (std::int64_t i = 0; i < spec.shape.layers; ++i)
    count_decoder_layer(spec, layers + std::to_string(i) + ".", census);
  census.need(trunk + names.final_norm + ".weight");
  if (spec.norm == NormKind::kLayer) census.need(trunk + names.final_norm + ".bias");
  for (const auto& head : names.head) census.allow(head + ".weight");
  for (const std::string head : kScoreHeads) census.allow_beginning(head + ".");
  return {{layers, spec.shape.layers}};
}

// A block's maps and norm, by its number and what it has: "layer.1.EncDecAttention." has q, k, v,
// o.
void count_t5_stack(const T5Config& config, const std::string& stack, TensorCensus& census) {
  const bool decoder = stack == "decoder";
  const auto count = decoder ? config.shape.layers : config.encoder_layers;
  const std::string mlp = decoder ? "layer.2." : "layer.1.";
  std::vector<std::string> maps, norms{"layer.0.", mlp};
  if (decoder) norms.emplace_back("layer.1.");
  for (const std::string map : {"q", "k", "v", "o"}) {
    maps.push_back("layer.0.SelfAttention." + map);
    if (decoder) maps.push_back("layer.1.EncDecAttention." + map);
  }
  for (const std::string map : {config.gated ? "wi_0" : "wi", config.gated ? "wi_1" : "wi", "wo"})
    maps.push_back(fmt::format("{}DenseReluDense.{}", mlp, map));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto block = fmt::format("{}.block.{}.", stack, i);
    for (const auto& map : maps) census.need(block + map + ".weight");
    for (const auto& norm : norms) census.need(block + norm + "layer_norm.weight");
  }
  census.need(stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight");
  census.need(stack + ".final_layer_norm.weight");
}

std::vector<NamedLayers> count_t5(const T5Config& config, TensorCensus& census) {
  for (const std::string stack : {"encoder", "decoder"}) count_t5_stack(config, stack, census);
  // The embedding goes under up to three names.
  for (const std::string name : {"shared.weight", "encoder.embed_tokens.weight",
                                 "decoder.embed_tokens.weight", "lm_head.weight"})
    census.allow(name);
  return {{"encoder.block.", config.encoder_layers}, {"decoder.block.", config.shape.layers}};
}

std::vector<NamedLayers> count_encoder(const EncoderConfig& config, TensorCensus& census) {
  const auto table = encoder_tensors(config);
  const auto& first = table.front().name;
  const bool bare = !census.has(config.prefix + first) && census.has(first);
  const auto prefix = bare ? std::string() : config.prefix;
  for (const auto& tensor : table) census.need(name_in_file(census.file(), prefix + tensor.name));
  census.allow_beginning(prefix + "pooler.");
  for (const auto head : kEncoderHeads) census.allow_beginning(head);
  return {{prefix + "encoder.layer.", config.layers}};
}

}  // namespace

void check_tensor_names(const std::filesystem::path& dir, const TensorFile& file) {
  const auto path = dir / "config.json";
  const auto type = ConfigFile(path).text_or("model_type", "");
  TensorCensus census(dir, file);
  std::vector<NamedLayers> layers;
  if (is_t5(type))
    layers = count_t5(read_t5_config(dir), census);
  else if (is_decoder_folder(dir))
    layers = count_decoder(read_decoder_spec(dir), census);
  else if (is_encoder(type))
    layers = count_encoder(read_encoder_config(path), census);
  else
    return;
  for (const auto head : kValueHeads) census.allow_beginning(head);
  for (const auto& [of, ending] : kIdle) {
    if (of.empty() || of == type) census.allow_ending(ending);
  }
  census.check_none_left(layers);
}

}  // namespace alarm_dist
