// SPDX-License-Identifier: Apache-2.0
#include "model/tiny_t5.hpp"

#include <utility>

#include <ATen/Functions.h>

#include "alarm/model/response_scores.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

std::filesystem::path data_dir() { return source_dir() / "tests/data/model"; }

// Every key of the golden adapter ends a module's name; those of a model are its targets.
std::vector<std::string> targets(const std::string& name) {
  if (name == "tiny_t5") return {"q", "v", "wi", "wo"};
  if (name == "tiny_mt5") return {"q", "v"};
  return {kAllLinear};
}

}  // namespace

TinyT5::TinyT5(std::string name)
    : name_(std::move(name)),
      golden_(TensorFile::open(data_dir() / (name_ + "_golden.safetensors"))) {}

std::filesystem::path TinyT5::dir() const { return data_dir() / name_; }

std::unique_ptr<CausalLm> TinyT5::load(at::ScalarType dtype, T5Lora lora) const {
  if (lora == T5Lora::kGolden) return load_adapted(dir(), dtype);
  return CausalLm::load(dir(), {.dtype = dtype, .trained = Trained::kNothing});
}

std::unique_ptr<CausalLm> TinyT5::load_adapted(const std::filesystem::path& dir,
                                               at::ScalarType dtype) const {
  CausalLmOptions options{.dtype = dtype};
  options.adapter = {.rank = 2, .alpha = 4, .targets = targets(name_)};
  auto model = CausalLm::load(dir, options);
  for (auto& [name, tensor] : model->trainable()) tensor.detach().copy_(golden("lora." + name));
  return model;
}

at::Tensor TinyT5::golden(const std::string& key) const { return golden_.get(key); }

Tokens TinyT5::tokens(const std::string& key) const {
  const auto stored = golden(key);
  const auto* first = stored.const_data_ptr<std::int64_t>();
  return {first, first + stored.numel()};
}

std::vector<Tokens> TinyT5::responses(std::size_t prompt) const {
  std::vector<Tokens> found;
  const auto key = [&] {
    return "response." + std::to_string(prompt) + "." + std::to_string(found.size());
  };
  while (golden_.contains(key())) found.push_back(tokens(key()));
  return found;
}

at::Tensor label_logits(const CausalLm& model, const Tokens& prompt, const Tokens& response,
                        Adapter adapter) {
  ResponseBatch batch;
  batch.add(prompt, std::vector<Tokens>{response});
  const auto rows = at::tensor(batch.predicting_rows(), at::TensorOptions(at::kLong));
  return model.logits(model.hidden(batch.batch(), adapter).index_select(0, rows), adapter);
}

at::Tensor t5_buckets(const std::string& key) {
  return TensorFile::open(data_dir() / "t5_buckets.safetensors").get(key);
}

}  // namespace alarm_dist::testing
