// SPDX-License-Identifier: Apache-2.0
// A language model: one code for generation, scoring and training (DESIGN, law 1), and one for all
// decoder-only families: Llama, Mistral, Qwen2, Qwen3, GPT-2 and GPT-NeoX. An encoder-decoder (T5,
// mT5) has the same interface: segments without a parent go through its encoder, their descendants
// through its decoder, and the last row of a prompt is the decoder's start token.
//
// The weights of a file are frozen views of it, which all ranks of a node map. What is trained, in
// float32, is LoRA adapters on them, or a copy of every weight. Without what is trained (Adapter::
// kOff) the model is as its file has it: the reference policy. Activations are in the weights' type
// (float32, bfloat16, or float64 in tests); the sum over layers, logits and log-probabilities are
// float32 or wider.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "alarm/model/decoder.hpp"
#include "alarm/model/ragged_batch.hpp"
#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// All projections of all layers, whatever the family calls them.
inline constexpr const char* kAllLinear = "all-linear";

struct LoraConfig {
  std::int64_t rank = 16;
  double alpha = 32;
  // Which projections, by the names of Hugging Face's modules ("q_proj", "c_attn", "mlp.c_proj"): a
  // target names all modules whose name ends with it. One that names none is an Error that lists
  // what the model has.
  std::vector<std::string> targets = {kAllLinear};
};

enum class Trained {
  kNothing,
  kAdapter,
  kWeights,  // all of them; a tied head is trained as the embedding that it is
};

struct CausalLmOptions {
  at::ScalarType dtype = at::kFloat;
  c10::Device device = c10::kCPU;
  Trained trained = Trained::kAdapter;
  LoraConfig adapter = {};  // of Trained::kAdapter
  std::uint64_t seed =
      0;  // of the adapter's initial values (A normal-like as PEFT's kaiming-uniform, B zero)
};

struct CausalLmShape {
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_size = 0;
  std::int64_t feed_forward = 0;  // inner width of a layer's feed-forward part
  std::int64_t vocabulary = 0;
  std::int64_t context = 0;     // longest sequence
  std::int64_t parameters = 0;  // of the base model
  std::vector<std::int64_t> eos_tokens;
  // Of an encoder-decoder: what stands before the answer on the decoder's side. Empty: the prompt.
  std::vector<std::int64_t> start_tokens;
};

// Throws Error naming the tokenizer when it has ids (one past the greatest: id_limit) that the
// embedding has no rows for.
void check_tokenizer_fits(const CausalLmShape& shape, std::int64_t id_limit,
                          const std::string& tokenizer);

// The model as it is trained, or as it was loaded.
enum class Adapter { kOn, kOff };

class CausalLm {
 public:
  // From a Hugging Face directory whose weights have options.dtype or are cast to it; see
  // resolve_model for how a mapped file of that type is made. Throws Error naming file, tensor,
  // expected and found shape.
  static std::unique_ptr<CausalLm> load(const std::filesystem::path& dir,
                                        const CausalLmOptions& options);
  virtual ~CausalLm() = default;

  virtual const CausalLmShape& shape() const = 0;
  virtual at::ScalarType dtype() const = 0;
  virtual c10::Device device() const = 0;

  // Final (normed) hidden states of all rows, [N, hidden]. Differentiable unless grad mode is off.
  virtual at::Tensor hidden(const RaggedBatch& batch, Adapter adapter) const = 0;
  // Computes the prompts and caches their keys and values. What is trained is read here once, for
  // all tokens.
  virtual std::unique_ptr<Decoder> start_decoding(const DecodePlan& plan,
                                                  Adapter adapter) const = 0;
  // [M, hidden] -> [M, vocabulary], float32 (float64 for a float64 model). Throws Error when the
  // checkpoint has no head for the vocabulary (a reward model's trunk).
  virtual at::Tensor logits(const at::Tensor& hidden_MD, Adapter adapter) const = 0;
  // The matrix of logits, [vocabulary, hidden], in the weights' type; differentiable where it is
  // trained.
  virtual at::Tensor head_VD(Adapter adapter) const = 0;

  virtual Trained trained() const = 0;
  // What is trained: leaves that require gradients, float32 or wider, in a fixed order. Adapters
  // have PEFT's names ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"), weights
  // those of the checkpoint.
  virtual NamedTensors trainable() const = 0;
  // Whole tensors under Hugging Face's names, as trained, in the stored type.
  virtual NamedTensors merged_weights() const = 0;
  // A Hugging Face directory of these weights, which transformers loads: config.json (unknown
  // keys kept), generation_config.json, tokenizer files and the weights (write_weights).
  virtual void save(const std::filesystem::path& dir) const = 0;
  // The adapter alone, in PEFT's layout (alarm/model/peft_adapter.hpp), where that is what is
  // trained.
  virtual void save_adapter(const std::filesystem::path& dir) const = 0;

 protected:
  CausalLm() = default;
  CausalLm(const CausalLm&) = delete;
  CausalLm& operator=(const CausalLm&) = delete;
};

// A Hugging Face directory with weights of the type, ready to map. A directory whose weights
// already have it is returned as it is; otherwise, and for a .gguf file, the converted
// (dequantised) copy is made once under cache_dir (one process a node does it, the others wait) and
// returned. Name of the copy: file name, digest of the source, type.
std::filesystem::path resolve_model(const std::filesystem::path& model, at::ScalarType dtype,
                                    const std::filesystem::path& cache_dir);

// bfloat16 where the processor multiplies it natively (AMX, a GPU), else float32.
at::ScalarType native_dtype(c10::Device device);

}  // namespace alarm_dist
