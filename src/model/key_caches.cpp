// SPDX-License-Identifier: Apache-2.0
#include "model/key_caches.hpp"

#include <ATen/Functions.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

std::vector<std::int64_t> sizes_of(const std::vector<std::vector<std::int64_t>>& prompts) {
  std::vector<std::int64_t> sizes;
  for (const auto& prompt : prompts) sizes.push_back(static_cast<std::int64_t>(prompt.size()));
  return sizes;
}

KeysValues heads_first(const KeysValues& kv_BTKE) {
  return {kv_BTKE.k.transpose(1, 2), kv_BTKE.v.transpose(1, 2)};
}

}  // namespace

RaggedBatch prompts_of(const DecodePlan& plan) {
  RaggedBatch prompts;
  for (const auto& prompt : plan.prompts) {
    ALARM_CHECK(!prompt.empty(), "a prompt without tokens cannot be continued");
    prompts.add(prompt);
  }
  return prompts;
}

PromptCache::PromptCache(const KeyShape& shape, const DecodePlan& plan,
                         const at::TensorOptions& options)
    : rows_(sizes_of(plan.prompts), plan.prompt_of_row, options) {
  const auto prompts = static_cast<std::int64_t>(plan.prompts.size());
  const auto padded = [&] {
    return at::zeros({prompts, rows_.longest(), shape.heads, shape.head_size}, options);
  };
  for (std::int64_t layer = 0; layer < shape.layers; ++layer)
    layers_.push_back({padded(), padded()});
}

void PromptCache::store(std::int64_t layer, const KeysValues& kv_MKE) {
  auto& kept = layers_[static_cast<std::size_t>(layer)];
  std::int64_t begin = 0, prompt = 0;
  for (const auto size : rows_.sizes()) {
    kept.k.select(0, prompt).narrow(0, 0, size).copy_(kv_MKE.k.narrow(0, begin, size));
    kept.v.select(0, prompt).narrow(0, 0, size).copy_(kv_MKE.v.narrow(0, begin, size));
    begin += size;
    ++prompt;
  }
}

KeysValues PromptCache::at(std::int64_t layer) const {
  return heads_first(layers_[static_cast<std::size_t>(layer)]);
}

void PromptCache::keep(std::span<const std::int64_t> rows) {
  const auto kept = rows_.keep(rows);
  if (!kept) return;
  for (auto& layer : layers_) {
    layer = {layer.k.narrow(1, 0, kept->longest).index_select(0, kept->indices),
             layer.v.narrow(1, 0, kept->longest).index_select(0, kept->indices)};
  }
}

RowCache::RowCache(const KeyShape& shape, std::int64_t rows, std::int64_t capacity,
                   const at::TensorOptions& options) {
  const auto empty = [&] {
    return at::empty({rows, capacity, shape.heads, shape.head_size}, options);
  };
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) layers_.push_back({empty(), empty()});
}

void RowCache::append(std::int64_t layer, const KeysValues& kv_BKE) {
  auto& kept = layers_[static_cast<std::size_t>(layer)];
  kept.k.select(1, tokens_).copy_(kv_BKE.k);
  kept.v.select(1, tokens_).copy_(kv_BKE.v);
}

KeysValues RowCache::from(std::int64_t first, std::int64_t layer) const {
  const auto& kept = layers_[static_cast<std::size_t>(layer)];
  const auto seen = tokens_ + 1 - first;
  return heads_first({kept.k.narrow(1, first, seen), kept.v.narrow(1, first, seen)});
}

void RowCache::keep(std::span<const std::int64_t> rows) {
  const auto kept =
      at::tensor(at::ArrayRef<std::int64_t>(rows.data(), rows.size()), at::TensorOptions(at::kLong))
          .to(layers_.front().k.device());
  for (auto& layer : layers_)
    layer = {layer.k.index_select(0, kept), layer.v.index_select(0, kept)};
}

}  // namespace alarm_dist
