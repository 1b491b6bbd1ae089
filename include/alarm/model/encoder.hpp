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
  // n > 0: the embeddings and the first n layers are not trained.
  std::int64_t frozen_layers = 0;
  bool train_embeddings = true;  // where no layer is frozen; they are most of a small encoder
  bool train = false;            // leaves require gradients
  std::uint64_t seed = 0;        // of a head that the file does not hold
};

// One sequence of an encoder: token ids with segment (token type) ids of the same length. The score
// rests on the mean of the states of tokens [pool_begin, pool_end); both 0: of all.
struct EncoderInput {
  std::vector<std::int64_t> tokens;
  std::vector<std::int64_t> types;
  std::int64_t pool_begin = 0;
  std::int64_t pool_end = 0;
};

// An encoder with a scalar head on the pooled state ("score.weight" [1, hidden], "score.bias" [1]
// beside the trunk's tensors, which have Hugging Face's names with or without the prefix "bert.").
class EncoderModel {
 public:
  // A Hugging Face directory of model_type bert; the head is drawn from seed when it has none.
  static std::unique_ptr<EncoderModel> load(const std::filesystem::path& dir,
                                            const EncoderOptions& options);
  virtual ~EncoderModel() = default;

  virtual std::int64_t hidden_size() const = 0;
  virtual std::int64_t max_positions() const = 0;
  // [N, hidden], sequences end to end.
  virtual at::Tensor hidden(const std::vector<EncoderInput>& inputs) const = 0;
  // [B], mean over a sequence's tokens, then the head; float32 (float64 for a float64 model). No
  // dropout.
  virtual at::Tensor scores(const std::vector<EncoderInput>& inputs) const = 0;

  virtual NamedTensors trainable() const = 0;  // leaves, bottom to top; the head last
  virtual NamedTensors weights() const = 0;    // trunk ("bert." prefix) and head, whole
  // config.json, tokenizer files copied from the directory it was loaded from, model.safetensors.
  virtual void save(const std::filesystem::path& dir) const = 0;

 protected:
  EncoderModel() = default;
  EncoderModel(const EncoderModel&) = delete;
  EncoderModel& operator=(const EncoderModel&) = delete;
};

}  // namespace alarm_dist
