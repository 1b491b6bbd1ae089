// SPDX-License-Identifier: Apache-2.0
// An encoder's tensors: one table of names and shapes (encoder_tensors.hpp) drives loading,
// checking, training and saving.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/encoder.hpp"
#include "alarm/store/tensor_file.hpp"

#include "model/encoder_config.hpp"
#include "model/encoder_head.hpp"

namespace alarm_dist {

class EncoderWeights {
 public:
  // Tensors of layers below options.frozen_layers, and all of them without options.train, are not
  // trained; they stay views of the file where its type is the type of the activations.
  EncoderWeights(const TensorFile& file, const EncoderConfig& config, const HeadSpec& head,
                 const EncoderOptions& options);

  // A tensor of the trunk by its name without the prefix, in the type of the activations;
  // differentiable if it is trained.
  at::Tensor get(const std::string& name) const;
  // The trained or stored value by its whole name, float32 or wider if it is trained.
  const at::Tensor& master(const std::string& name) const;
  NamedTensors trainable() const;  // bottom to top, names as in all()
  NamedTensors all() const;        // whole names; the pooler too, if the file has one

 private:
  struct Parameter {
    at::Tensor master;
    at::Tensor active;  // in the type of the activations; undefined for what is trained, which is
                        // cast in each pass
  };
  void add(const std::string& name, const at::Tensor& stored, bool trained);
  void add_trunk(const TensorFile& file, const EncoderConfig& config);
  void add_head(const TensorFile& file, const EncoderConfig& config, const HeadSpec& head);

  EncoderOptions options_;
  std::string prefix_;
  std::vector<std::string> order_;
  std::map<std::string, Parameter> parameters_;  // by whole name
};

}  // namespace alarm_dist
