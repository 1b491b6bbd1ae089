// SPDX-License-Identifier: Apache-2.0
#include "model/t5_network.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "model/weight_sources.hpp"

namespace alarm_dist {
namespace {

constexpr const char* kEmbedding = "shared.weight";
constexpr const char* kHead = "lm_head.weight";

// Older files also, or only, have the embedding under the names of the stacks.
std::string embedding_name(const TensorFile& file) {
  for (const char* name :
       {kEmbedding, "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"})
    if (file.contains(name)) return name;
  return kEmbedding;
}

// "q" of "encoder.block.0.layer.0.SelfAttention.q", each once.
std::vector<std::string> last_words(const std::vector<std::string>& names) {
  std::set<std::string> words;
  for (const auto& name : names) words.insert(name.substr(name.rfind('.') + 1));
  return {words.begin(), words.end()};
}

}  // namespace

// Files may have a copy of a tied embedding under the head's name: trained apart they would part.
at::Tensor T5Network::read_head(const TensorFile& file, const CausalLmOptions& options) const {
  if (!file.contains(kHead)) return embedding_VD_;
  const auto head_VD =
      T5Weights{file, options}.get(kHead, {config_.shape.vocabulary, config_.shape.hidden});
  const bool copy = config_.tied_embeddings && at::equal(head_VD, embedding_VD_);
  return copy ? embedding_VD_ : head_VD;
}

T5Network::T5Network(const T5Config& config, const TensorFile& file, const CausalLmOptions& options)
    : config_(config),
      embedding_VD_(T5Weights{file, options}.get(embedding_name(file),
                                                 {config.shape.vocabulary, config.shape.hidden})),
      encoder_(config, T5Side::kEncoder, {file, options}),
      decoder_(config, T5Side::kDecoder, {file, options}),
      head_VD_(read_head(file, options)) {
  if (options.trained == Trained::kAdapter) add_adapters(options);
}

void T5Network::add_adapters(const CausalLmOptions& options) {
  auto names = encoder_.projection_names();
  for (auto& name : decoder_.projection_names()) names.push_back(std::move(name));
  check_targets(options.adapter, names, last_words(names));
  std::uint32_t number = 0;
  encoder_.add_adapters(options.adapter, options.seed, number);
  decoder_.add_adapters(options.adapter, options.seed, number);
}

T5Adapters T5Network::adapters(Adapter adapter) const {
  return {encoder_.adapters(adapter), decoder_.adapters(adapter)};
}

// The sum over layers is kept in float32: in bfloat16 each of its additions would lose what a late
// layer contributes.
at::Tensor T5Network::embed(const at::Tensor& tokens_N) const {
  const auto sum_type = at::promote_types(embedding_VD_.scalar_type(), at::kFloat);
  return at::embedding(embedding_VD_, tokens_N).to(sum_type);
}

at::Tensor T5Network::encode(const at::Tensor& tokens_N, const T5Adapters& adapters,
                             const T5Attention& attention) const {
  return encoder_.states(embed(tokens_N), adapters.encoder, attention);
}

at::Tensor T5Network::decode(const at::Tensor& tokens_N, const T5Adapters& adapters,
                             const T5Attention& attention) const {
  const auto states = decoder_.states(embed(tokens_N), adapters.decoder, attention);
  return config_.output_scale == 1 ? states : states * config_.output_scale;
}

std::string T5Network::head_name() const { return tied() ? kEmbedding : kHead; }

std::int64_t T5Network::parameters() const {
  return embedding_VD_.numel() + (tied() ? 0 : head_VD_.numel()) + encoder_.parameters() +
         decoder_.parameters();
}

NamedTensors T5Network::trainable() const {
  NamedTensors tensors;
  encoder_.append_trainable(tensors);
  decoder_.append_trainable(tensors);
  return tensors;
}

TensorSources T5Network::merged() const {
  TensorSources sources;
  append_source(sources, kEmbedding, embedding_VD_);
  encoder_.append_merged(sources);
  decoder_.append_merged(sources);
  if (!tied()) append_source(sources, kHead, head_VD_);
  return sources;
}

}  // namespace alarm_dist
