// SPDX-License-Identifier: Apache-2.0
// Models from files to files: a GGUF file or a Hugging Face directory in, a Hugging Face directory
// that transformers loads out.
#pragma once

#include <filesystem>

#include <c10/core/ScalarType.h>

namespace alarm_dist {

// What becomes of an adapter in PEFT's layout.
enum class AdapterPlace {
  kBeside,  // copied to the folder adapter/ of the result
  kMerged   // added to the weights; a reward model's score head takes the vocabulary's place
};

struct Conversion {
  at::ScalarType dtype = at::kFloat;   // of the weights; tensors of integers stay as they are
  std::filesystem::path adapter = {};  // none if empty
  AdapterPlace place = AdapterPlace::kBeside;
};

// Complete or absent: `out`, which must not exist, appears when all of it is written. Of several
// processes that make one folder the first does, and the others find it (UsageError); the empty
// file `.OUT.lock` beside it, by which they wait, stays. Tensors that
// networks use as one matrix (q, k, v) lie end to end in it. Throws Error naming the file and what
// is wrong with it.
void convert_model(const std::filesystem::path& model, const Conversion& conversion,
                   const std::filesystem::path& out);

}  // namespace alarm_dist
