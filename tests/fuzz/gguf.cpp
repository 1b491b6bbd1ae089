// SPDX-License-Identifier: Apache-2.0
#include "alarm/store/gguf.hpp"

#include "alarm/base/error.hpp"

#include "fuzz/input_file.hpp"
#include "fuzz/targets.hpp"

namespace alarm_dist::fuzz {

void gguf(std::string_view input) try {
  const InputFile bytes(input);
  const GgufFile file = GgufFile::open(bytes.path());
  for (const std::string& tensor : file.tensor_names()) {
    try {
      file.dequantize(tensor);
    } catch (const Error&) {  // of a kind that is not supported; the next may be
    }
  }
} catch (const Error&) {
}

}  // namespace alarm_dist::fuzz
