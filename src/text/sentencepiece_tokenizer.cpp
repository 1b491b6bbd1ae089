// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_tokenizer.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <sentencepiece_processor.h>

#include "alarm/base/error.hpp"

#include "text/post_processor.hpp"
#include "text/sentencepiece_encoder.hpp"
#include "text/sentencepiece_normalizer.hpp"
#include "text/sentencepiece_settings.hpp"
#include "text/text_decoding.hpp"

namespace alarm_dist {
namespace {

// What decoding does to the spaces at the start of the text.
struct LeadingSpace {
  bool stripped = false;      // that of the first piece
  bool all_stripped = false;  // and of those after it, while there is no text
};

// Before the text of an added token, which is no piece; a byte that no text has.
constexpr std::string_view kVerbatim = "\xff";

// Pieces to bytes: marks become spaces.
class MarkStep final : public DecoderStep {
 public:
  MarkStep(LeadingSpace leading, bool space_before_each)
      : leading_(leading), space_before_each_(space_before_each) {}

  void push(Piece piece, const PieceSink& next) override {
    std::string& bytes = piece.bytes;
    if (bytes.size() > 1 && bytes.starts_with(kVerbatim)) {  // alone it is a piece: the byte 0xFF
      bytes.erase(0, 1);
      at_start_ = space_before_each_;
      return next(std::move(piece));
    }
    if (at_start_ && leading_.stripped && bytes.starts_with(kSpaceMark)) {
      bytes.erase(0, kSpaceMark.size());
      at_start_ = leading_.all_stripped;
    }
    for (std::size_t at = bytes.find(kSpaceMark); at != std::string::npos;
         at = bytes.find(kSpaceMark, at)) {
      bytes.replace(at, kSpaceMark.size(), 1, ' ');
    }
    if (!bytes.empty()) at_start_ = false;
    next(std::move(piece));
  }

 private:
  LeadingSpace leading_;
  bool space_before_each_;
  bool at_start_ = true;
};

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(const std::string& model, const std::filesystem::path& file)
      : name_(file.string()) {
    check(processor_.LoadFromSerializedProto(model), "not a SentencePiece model");
    settings_ = read_sentencepiece_settings(
        file, {.count = processor_.GetPieceSize(),
               .find = [this](auto piece) { return find_piece(piece); }});
    begin_ = mark_of(settings_.begin, processor_.bos_id(), "beginning");
    end_ = mark_of(settings_.end, processor_.eos_id(), "end");
    leading_ = probe_leading_space();
    for (const AddedToken& token : settings_.added) added_.emplace(token.id, token);
    encoder_ = std::make_unique<SentencePieceEncoder>(processor_, model, settings_, name_);
  }

  Encoding encode(std::string_view text, const EncodeOptions& options) const override {
    Encoding out = encoder_->encode(text);
    add_marks(out, options);
    return out;
  }

  DecodedText decode(std::span<const std::int64_t> ids) const override {
    return decode_tokens(ids, token_text(), make_steps(), Malformed::kEachByte);
  }
  std::unique_ptr<DecodeStream> decode_stream() const override {
    return stream_tokens(token_text(), make_steps(), Malformed::kEachByte);
  }

  std::int64_t vocabulary_size() const override {
    const auto more = std::ranges::count_if(
        settings_.added, [&](const auto& token) { return !find_token(token.content); });
    return settings_.ids.count() + more;
  }
  std::int64_t id_limit() const override {
    const std::int64_t pieces = settings_.ids.limit();
    return settings_.added.empty() ? pieces : std::max(pieces, settings_.added.back().id + 1);
  }
  std::optional<std::int64_t> id_of(std::string_view token) const override {
    const auto added = std::ranges::find(settings_.added, token, &AddedToken::content);
    return added != settings_.added.end() ? added->id : find_token(token);
  }
  std::string token_of(std::int64_t id) const override {
    if (const auto added = added_.find(id); added != added_.end()) return added->second.content;
    const auto piece = settings_.ids.piece_of(id);
    ALARM_CHECK(piece, "{}: no token has id {}; there are {} tokens", name_, id, vocabulary_size());
    return processor_.IdToPiece(*piece);
  }

 private:
  void check(const sentencepiece::util::Status& status, const char* what) const {
    ALARM_CHECK(status.ok(), "{}: {}: {}", name_, what, status.ToString());
  }

  std::optional<std::int64_t> mark_of(const SentenceMark& mark, std::int64_t own,
                                      const char* what) const {
    if (!mark.wanted) return std::nullopt;
    const auto token = mark.token.value_or(own);
    ALARM_CHECK(token >= 0, "{}: {} of sentence is wanted, but the model has none", name_, what);
    return token;
  }

  std::optional<std::int64_t> find_piece(std::string_view token) const {
    const int piece = processor_.PieceToId(token);
    const bool found = piece >= 0 && piece < processor_.GetPieceSize() &&
                       processor_.IdToPiece(piece) == token;  // else that of what is unknown
    return found ? std::optional<std::int64_t>(piece) : std::nullopt;
  }
  std::optional<std::int64_t> find_token(std::string_view token) const {
    const auto piece = find_piece(token);
    return piece ? settings_.ids.find(*piece) : std::nullopt;
  }

  void add_marks(Encoding& out, const EncodeOptions& options) const {
    const bool begin = options.special_tokens && begin_.has_value();
    const bool end = options.special_tokens && end_.has_value();
    if (options.max_tokens > 0) {
      const auto most = static_cast<std::size_t>(options.max_tokens);
      const std::size_t added = (begin ? 1U : 0U) + (end ? 1U : 0U);
      ALARM_CHECK(most >= added, "max_tokens is {}, but the special tokens alone are {}", most,
                  added);
      cut_tokens(out, most - added, options.cut);
    }
    if (begin) {
      out.ids.insert(out.ids.begin(), *begin_);
      out.offsets.insert(out.offsets.begin(), Span{});
    }
    if (end) {
      out.ids.push_back(*end_);
      out.offsets.emplace_back();
    }
  }

  // The model's settings are not to be asked for, but they show in what it decodes.
  LeadingSpace probe_leading_space() const {
    int mark = -1;
    int marked = -1;
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      if (processor_.IsControl(id) || processor_.IsUnknown(id) || processor_.IsByte(id)) continue;
      const std::string& piece = processor_.IdToPiece(id);
      if (piece == kSpaceMark) {
        mark = id;
      } else if (marked < 0 && piece.starts_with(kSpaceMark)) {
        marked = id;
      }
      if (mark >= 0 && marked >= 0) break;
    }
    const auto starts_with_space = [&](const std::vector<int>& ids) {
      return processor_.DecodeIds(ids).starts_with(' ');
    };
    LeadingSpace leading;
    if (marked >= 0) leading.stripped = !starts_with_space({marked});
    if (marked >= 0 && mark >= 0) leading.all_stripped = !starts_with_space({mark, marked});
    return leading;
  }

  DecoderRun make_steps() const {
    std::vector<DecoderStepPtr> steps;
    steps.push_back(std::make_unique<MarkStep>(leading_, settings_.space_before_each));
    return DecoderRun(std::move(steps));
  }

  TokenText token_text() const {
    return [this](std::int64_t wide) -> std::optional<std::string> {
      if (const auto added = added_.find(wide); added != added_.end()) {
        if (added->second.special) return std::nullopt;
        return std::string(kVerbatim) + added->second.content;
      }
      const auto numbered = settings_.ids.piece_of(wide);
      if (!numbered) return std::nullopt;
      const int id = *numbered;
      if (processor_.IsControl(id)) return std::nullopt;
      if (processor_.IsUnknown(id)) return processor_.DecodeIds({id});
      const std::string& piece = processor_.IdToPiece(id);
      if (!processor_.IsByte(id)) return piece;
      unsigned byte = 0;  // <0xE4>
      std::from_chars(piece.data() + 3, piece.data() + 5, byte, 16);
      return std::string(1, static_cast<char>(byte));
    };
  }

  std::string name_;
  sentencepiece::SentencePieceProcessor processor_;
  SentencePieceSettings settings_;
  std::optional<std::int64_t> begin_, end_;
  std::map<std::int64_t, AddedToken> added_;  // those of the settings by id
  std::unique_ptr<SentencePieceEncoder> encoder_;
  LeadingSpace leading_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& file) {
  return std::make_unique<SentencePieceTokenizer>(read_bytes(file), file);
}

}  // namespace alarm_dist
