// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <ATen/core/Tensor.h>

#include "alarm/base/error.hpp"
#include "alarm/store/tensor_file.hpp"

#include "fuzz/input_file.hpp"
#include "fuzz/targets.hpp"

namespace alarm_dist::fuzz {

// Every byte of every tensor is read: a range outside of the file would fault.
void safetensors(std::string_view input) try {
  const InputFile file(input);
  const TensorFile tensors = TensorFile::open(file.path());
  std::size_t sum = 0;
  for (const std::string& name : tensors.names()) {
    const at::Tensor tensor = tensors.get(name);
    const auto* bytes = static_cast<const unsigned char*>(tensor.const_data_ptr());
    for (std::size_t i = 0; i < tensor.nbytes(); ++i) sum += bytes[i];
  }
  if (sum == std::size_t(-1)) std::abort();  // never: so that the reads are not left out
} catch (const Error&) {
}

}  // namespace alarm_dist::fuzz
