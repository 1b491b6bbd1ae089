// SPDX-License-Identifier: Apache-2.0
// What transformers' classes for SentencePiece models know without being told.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "text/json_field.hpp"

namespace alarm_dist {

struct SentencePieceClass {
  struct Special {
    std::string_view name;     // "bos_token"
    std::string_view content;  // "<s>"
    bool lstrip = false;
  };
  // Names of the tokens at the ends of a text, and whether they are put there unless a file says
  // otherwise ("add_bos_token", "add_eos_token").
  std::string_view begin = "bos_token";
  std::string_view end = "eos_token";
  bool begins = false;
  bool ends = false;
  bool sentinels = false;           // T5's <extra_id_...>
  bool fairseq_ids = false;         // see PieceIds
  std::vector<Special> usual = {};  // special tokens that no file has to name
};

// The class that "tokenizer_class" of `config` (tokenizer_config.json) names, or else the one for
// "model_type" in the config.json beside it; of any other class, nothing is known beforehand. A
// model file called spm.model is DeBERTa's. Throws Error where a class numbers its tokens in a way
// that is not read here: its ids would be others.
SentencePieceClass find_sentencepiece_class(const std::filesystem::path& model_file,
                                            const JsonField& config);

}  // namespace alarm_dist
