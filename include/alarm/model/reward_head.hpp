// SPDX-License-Identifier: Apache-2.0
// Scores on top of a decoder's final hidden states: one a sequence, read at its last token (a
// reward model), or some a token (token classification).
//
// The layout is Hugging Face's: "score.weight" [labels, hidden] in LlamaForSequenceClassification
// and its like, without a bias; a head with "score.bias", and one that is called "classifier" or
// "regression_head" (UltraRM, the LLaMA reward model of the ALaRM paper), are read as well. The
// trunk is CausalLm::load of the same directory. As in transformers, a sequence classifier whose
// config names a padding token is read at the last token that is none: where texts end with that
// token, at the one before.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

#include "alarm/model/causal_lm.hpp"

namespace alarm_dist {

class ScoreHead {
 public:
  enum class Bias { kNone, kZero };

  // Throws Error naming file, tensor, expected and found shape.
  static ScoreHead load(const std::filesystem::path& dir, const CausalLm& trunk);
  // Of the head in a directory, which nothing else is read of. Throws Error naming the directory
  // when it has no head.
  static std::int64_t count_labels(const std::filesystem::path& dir);
  // A new head, normal with deviation 0.02 as in transformers.
  static ScoreHead draw(const CausalLm& trunk, std::int64_t labels, Bias bias, std::uint64_t seed);

  std::int64_t labels() const { return weight_LD_.size(0); }
  // The token at which a sequence, not empty, is read.
  std::size_t read_place(std::span<const std::int64_t> tokens) const;
  // [M, hidden] -> [M, labels], float32 or wider; differentiable in the states and the head.
  at::Tensor operator()(const at::Tensor& states_MD) const;
  // Leaves that require gradients, float32 or wider, under the names of the file.
  NamedTensors trainable() const;

 private:
  ScoreHead(std::string name, const at::Tensor& weight_LD, const at::Tensor& bias_L,
            const CausalLm& trunk);

  std::string name_;
  at::Tensor weight_LD_, bias_L_;
  std::int64_t padding_ = -1;  // never read
};

// Whether the folder's config.json names a decoder-only family: what a ScoreHead may sit on.
bool is_decoder_folder(const std::filesystem::path& dir);

// [S, labels]: a row for each segment that no other continues, in order, read at its last token.
at::Tensor score_sequences(const CausalLm& trunk, const ScoreHead& head, const RaggedBatch& batch,
                           Adapter adapter);
// [N, labels]: a row for each token.
at::Tensor score_each_token(const CausalLm& trunk, const ScoreHead& head, const RaggedBatch& batch,
                            Adapter adapter);

// A directory that transformers loads as <Family>ForSequenceClassification: the trunk with its
// adapter merged in and the head, without the head for the vocabulary.
void save_reward_model(const CausalLm& trunk, const ScoreHead& head,
                       const std::filesystem::path& dir);

}  // namespace alarm_dist
