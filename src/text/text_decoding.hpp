// SPDX-License-Identifier: Apache-2.0
// decode() and decode_stream() of the tokenizers: a decoder's steps, then characters.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "alarm/text/tokenizer.hpp"

#include "text/character_assembler.hpp"
#include "text/decoder.hpp"

namespace alarm_dist {

// The token as the decoder sees it, nothing for those that are left out.
using TokenText = std::function<std::optional<std::string>(std::int64_t id)>;

DecodedText decode_tokens(std::span<const std::int64_t> ids, const TokenText& token_text,
                          DecoderRun steps, Malformed malformed);

std::unique_ptr<DecodeStream> stream_tokens(TokenText token_text, DecoderRun steps,
                                            Malformed malformed);

}  // namespace alarm_dist
