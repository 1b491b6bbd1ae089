// SPDX-License-Identifier: Apache-2.0
// Tensors of expected shapes out of a checkpoint, in the wanted type and place. A tensor that has
// both already stays a view of the map.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/decoder_spec.hpp"
#include "model/norm.hpp"
#include "model/projections.hpp"

namespace alarm_dist {

class WeightReader {
 public:
  // Both are borrowed. Names are the whole model's, with the trunk's prefix, also when the file is
  // of the bare trunk and lacks it.
  WeightReader(const TensorFile& file, const DecoderSpec& spec, const CausalLmOptions& options);

  at::Tensor get(const std::string& name, at::IntArrayRef shape) const;
  Norm norm(const std::string& name) const;  // of the hidden state
  Projections projections(const std::string& layer, const ProjectionSpec& maps,
                          const ProjectionShape& shape) const;
  // The matrix of logits; undefined in a reward model's checkpoint. A tied one is the embedding,
  // unless the file has one that differs: like transformers 5, this takes what the file has.
  at::Tensor head(const at::Tensor& embedding_VD) const;

 private:
  std::string stored(const std::string& name) const;
  bool has_score_head() const;

  const TensorFile& file_;
  const DecoderSpec& spec_;
  const CausalLmOptions& options_;
  bool bare_trunk_;
};

}  // namespace alarm_dist
