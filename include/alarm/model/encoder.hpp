// SPDX-License-Identifier: Apache-2.0
// Encoders on ragged batches (BERT, RoBERTa, XLM-RoBERTa, Longformer, DeBERTa-v2 and v3), and the
// heads on top of them: a scalar on the mean state, classes of a sequence, classes of each token.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
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
  // A head that is not a single score of a sequence gives way to a new kMean head.
  bool score_head = false;
  std::uint64_t seed = 0;  // of a head that the file does not hold
};

// One sequence of an encoder: token ids with segment (token type) ids of the same length. The mean
// head's score rests on the states of tokens [pool_begin, pool_end); both 0: of all.
struct EncoderInput {
  std::vector<std::int64_t> tokens;
  std::vector<std::int64_t> types;
  std::int64_t pool_begin = 0;
  std::int64_t pool_end = 0;
  // Longformer: the tokens that see and are seen by all, ascending. Absent: those of transformers'
  // class of that head, which are the first token under kSequence, none under kTokens, and none
  // under kMean, whose model is saved as a LongformerModel. The other families see everything.
  std::optional<std::vector<std::int64_t>> global = {};
};

// What stands on the trunk. kMean is this program's own ("score.weight" [1, hidden], "score.bias"
// [1]): a scalar of the mean state. The others are transformers' <Family>ForSequenceClassification,
// which reads the first token, and <Family>ForTokenClassification.
struct EncoderHead {
  enum class Kind { kMean, kSequence, kTokens };
  Kind kind = Kind::kMean;
  std::int64_t labels = 1;
  bool drawn = false;  // not in the file
};

class EncoderModel {
 public:
  // A Hugging Face directory; the trunk's tensors have their names with or without the family's
  // prefix ("roberta."). Where the file has no head, a kMean head is drawn from seed.
  static std::unique_ptr<EncoderModel> load(const std::filesystem::path& dir,
                                            const EncoderOptions& options);
  virtual ~EncoderModel() = default;

  virtual std::int64_t hidden_size() const = 0;
  virtual std::int64_t vocabulary_size() const = 0;
  virtual std::int64_t max_positions() const = 0;  // tokens of the longest sequence
  virtual std::int64_t token_types() const = 0;    // 0: types mean nothing to it
  virtual EncoderHead head() const = 0;
  // [N, hidden], sequences end to end. No dropout, here and below.
  virtual at::Tensor hidden(const std::vector<EncoderInput>& inputs) const = 0;
  // What the head gives, float32 (float64 for a float64 model): [N, labels] under kTokens, else
  // [B, labels].
  virtual at::Tensor logits(const std::vector<EncoderInput>& inputs) const = 0;
  // [B]: logits of a head with one label for a sequence; Error under any other.
  virtual at::Tensor scores(const std::vector<EncoderInput>& inputs) const = 0;

  virtual NamedTensors trainable() const = 0;  // leaves, bottom to top; the head last
  virtual NamedTensors weights() const = 0;    // trunk (with its prefix) and head, whole
  // config.json, tokenizer files copied from the directory it was loaded from, model.safetensors.
  virtual void save(const std::filesystem::path& dir) const = 0;

 protected:
  EncoderModel() = default;
  EncoderModel(const EncoderModel&) = delete;
  EncoderModel& operator=(const EncoderModel&) = delete;
};

}  // namespace alarm_dist
