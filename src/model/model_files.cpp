// SPDX-License-Identifier: Apache-2.0
#include "model/model_files.hpp"

#include "alarm/store/atomic_file.hpp"

namespace alarm_dist {

void copy_model_files(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* name : {"config.json", "generation_config.json", "tokenizer.json",
                           "tokenizer_config.json", "special_tokens_map.json", "tokenizer.model",
                           "vocab.json", "merges.txt", "vocab.txt", "chat_template.jinja"}) {
    if (std::filesystem::exists(from / name))
      write_file_atomically(to / name, read_whole_file(from / name));
  }
}

}  // namespace alarm_dist
