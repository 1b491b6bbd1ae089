// SPDX-License-Identifier: Apache-2.0
#include "model/tiny_llama.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

std::filesystem::path data_dir() { return source_dir() / "tests/data/model"; }

}  // namespace

std::filesystem::path tiny_llama_dir() { return data_dir() / "tiny_llama"; }

at::Tensor golden(const std::string& name) {
  return TensorFile::open(data_dir() / "tiny_llama_golden.safetensors").get(name);
}

std::unique_ptr<CausalLm> load_tiny_llama(at::ScalarType dtype, Lora lora) {
  CausalLmOptions options{.dtype = dtype,
                          .trained = lora == Lora::kGolden ? Trained::kAdapter : Trained::kNothing};
  options.adapter.rank = 4;
  options.adapter.alpha = 8;
  auto model = CausalLm::load(tiny_llama_dir(), options);
  for (auto& [name, tensor] : model->trainable()) tensor.detach().copy_(golden("lora." + name));
  return model;
}

}  // namespace alarm_dist::testing
