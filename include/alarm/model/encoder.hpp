// SPDX-License-Identifier: Apache-2.0
// BERT on ragged batches, and the reward models on top of it: trunk, pooling, scalar head.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

struct EncoderOptions {
  at::ScalarType dtype = at::kFloat;  // of the activations; trained weights stay float32
  c10::Device device = c10::kCPU;
  std::int64_t frozen_layers = 0;     // n > 0: the embeddings and the first n layers are not trained; 0: all is
  bool train = false;                 // leaves require gradients
  std::uint64_t seed = 0;             // of a head that the file does not hold
};

// One sequence of an encoder: token ids with segment (token type) ids of the same length.
struct EncoderInput {
  std::vector<std::int64_t> tokens;
  std::vector<std::int64_t> types;
};

// An encoder with a scalar head on the pooled state ("score.weight" [1, hidden], "score.bias" [1] beside the trunk's
// tensors, which have Hugging Face's names with or without the prefix "bert.").
class EncoderModel {
 public:
  // A Hugging Face directory of model_type bert; the head is drawn from seed when it has none.
  static std::unique_ptr<EncoderModel> load(const std::filesystem::path& dir, const EncoderOptions& options);
  virtual ~EncoderModel() = default;

  virtual std::int64_t hidden_size() const = 0;
  virtual std::int64_t max_positions() const = 0;
  virtual at::Tensor hidden(const std::vector<EncoderInput>& inputs) const = 0;  // [N, hidden], sequences end to end
  virtual at::Tensor scores(const std::vector<EncoderInput>& inputs) const = 0;  // [B], mean-pooled then head; float32

  // Training upper layers only (frozen_layers > 0) need not compute the lower ones more than once: the states after the
  // frozen layers, [length, hidden] a sequence, without gradients, and the scores that follow from them.
  virtual std::vector<at::Tensor> frozen_states(const std::vector<EncoderInput>& inputs) const = 0;
  virtual at::Tensor scores_from(const std::vector<at::Tensor>& frozen_states) const = 0;

  virtual NamedTensors trainable() const = 0;  // leaves, bottom to top; the head last
  virtual NamedTensors weights() const = 0;  // trunk ("bert." prefix) and head, whole
  // config.json, tokenizer files copied from the directory it was loaded from, model.safetensors.
  virtual void save(const std::filesystem::path& dir) const = 0;

 protected:
  EncoderModel() = default;
  EncoderModel(const EncoderModel&) = delete;
  EncoderModel& operator=(const EncoderModel&) = delete;
};

}  // namespace alarm_dist
