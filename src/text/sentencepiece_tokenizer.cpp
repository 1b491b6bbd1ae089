// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_tokenizer.hpp"

#include <charconv>
#include <limits>
#include <sentencepiece_processor.h>

#include "alarm/base/error.hpp"

#include "text/post_processor.hpp"
#include "text/text_decoding.hpp"

namespace alarm_dist {
namespace {

constexpr std::string_view kMark = "▁";

// What decoding does to the spaces at the start of the text.
struct LeadingSpace {
  bool stripped = false;      // that of the first piece
  bool all_stripped = false;  // and of those after it, while there is no text
};

// Pieces to bytes: marks become spaces.
class MarkStep final : public DecoderStep {
 public:
  explicit MarkStep(LeadingSpace leading) : leading_(leading) {}

  void push(Piece piece, const PieceSink& next) override {
    std::string& bytes = piece.bytes;
    if (at_start_ && leading_.stripped && bytes.starts_with(kMark)) {
      bytes.erase(0, kMark.size());
      at_start_ = leading_.all_stripped;
    }
    for (std::size_t at = bytes.find(kMark); at != std::string::npos; at = bytes.find(kMark, at)) {
      bytes.replace(at, kMark.size(), 1, ' ');
    }
    if (!bytes.empty()) at_start_ = false;
    next(std::move(piece));
  }

 private:
  LeadingSpace leading_;
  bool at_start_ = true;
};

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(std::string_view model, SentenceMarks marks, std::string name)
      : name_(std::move(name)), marks_(marks) {
    check(processor_.LoadFromSerializedProto(model), "not a SentencePiece model");
    ALARM_CHECK(!marks.begin || processor_.bos_id() >= 0,
                "{}: a beginning of sentence is wanted, but the model has none", name_);
    ALARM_CHECK(!marks.end || processor_.eos_id() >= 0,
                "{}: an end of sentence is wanted, but the model has none", name_);
    leading_ = probe_leading_space();
  }

  Encoding encode(std::string_view text, const EncodeOptions& options) const override {
    constexpr auto kMostBytes = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
    ALARM_CHECK(text.size() <= kMostBytes, "text to tokenize has {} bytes, expected up to {}",
                text.size(), kMostBytes);
    sentencepiece::ImmutableSentencePieceText pieces;
    check(processor_.Encode(text, pieces.mutable_proto()), "encoding failed");
    Encoding out;
    const std::size_t count = pieces.pieces_size();
    out.ids.reserve(count);
    out.offsets.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto piece = pieces.pieces(static_cast<int>(i));
      out.ids.push_back(piece.id());
      out.offsets.push_back({piece.begin(), piece.end()});
    }
    add_marks(out, options);
    return out;
  }

  DecodedText decode(std::span<const std::int64_t> ids) const override {
    return decode_tokens(ids, token_text(), make_steps(), Malformed::kEachByte);
  }
  std::unique_ptr<DecodeStream> decode_stream() const override {
    return stream_tokens(token_text(), make_steps(), Malformed::kEachByte);
  }

  std::int64_t vocabulary_size() const override { return processor_.GetPieceSize(); }
  std::int64_t id_limit() const override { return processor_.GetPieceSize(); }
  std::optional<std::int64_t> id_of(std::string_view token) const override {
    const int id = processor_.PieceToId(token);
    const bool found =
        has(id) && processor_.IdToPiece(id) == token;  // else the id of what is unknown
    return found ? std::optional<std::int64_t>(id) : std::nullopt;
  }
  std::string token_of(std::int64_t id) const override {
    ALARM_CHECK(has(id), "{}: no token has id {}; there are {} tokens", name_, id,
                processor_.GetPieceSize());
    return processor_.IdToPiece(static_cast<int>(id));
  }

 private:
  void check(const sentencepiece::util::Status& status, const char* what) const {
    ALARM_CHECK(status.ok(), "{}: {}: {}", name_, what, status.ToString());
  }

  bool has(std::int64_t id) const { return id >= 0 && id < processor_.GetPieceSize(); }

  void add_marks(Encoding& out, const EncodeOptions& options) const {
    const bool begin = options.special_tokens && marks_.begin;
    const bool end = options.special_tokens && marks_.end;
    if (options.max_tokens > 0) {
      const auto most = static_cast<std::size_t>(options.max_tokens);
      const std::size_t added = (begin ? 1U : 0U) + (end ? 1U : 0U);
      ALARM_CHECK(most >= added, "max_tokens is {}, but the special tokens alone are {}", most,
                  added);
      cut_tokens(out, most - added, options.cut);
    }
    if (begin) {
      out.ids.insert(out.ids.begin(), processor_.bos_id());
      out.offsets.insert(out.offsets.begin(), Span{});
    }
    if (end) {
      out.ids.push_back(processor_.eos_id());
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
      if (piece == kMark) {
        mark = id;
      } else if (marked < 0 && piece.starts_with(kMark)) {
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
    steps.push_back(std::make_unique<MarkStep>(leading_));
    return DecoderRun(std::move(steps));
  }

  TokenText token_text() const {
    return [this](std::int64_t wide) -> std::optional<std::string> {
      if (!has(wide)) return std::nullopt;
      const int id = static_cast<int>(wide);
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
  SentenceMarks marks_;
  sentencepiece::SentencePieceProcessor processor_;
  LeadingSpace leading_;
};

// T5 ends its texts, Llama begins them; a file may say otherwise.
SentenceMarks read_marks(const std::filesystem::path& config_file) {
  SentenceMarks marks;
  if (!std::filesystem::exists(config_file)) return marks;
  const auto document = read_json(config_file);
  const JsonField config(document, config_file.string());
  const std::string tokenizer = config.text_or("tokenizer_class", "");
  marks.begin = tokenizer.starts_with("Llama") || tokenizer.starts_with("CodeLlama");
  marks.end = tokenizer.starts_with("T5") || tokenizer.starts_with("MT5");
  marks.begin = config.boolean_or("add_bos_token", marks.begin);
  marks.end = config.boolean_or("add_eos_token", marks.end);
  return marks;
}

}  // namespace

std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(std::string_view model, SentenceMarks marks,
                                                        const std::string& name) {
  return std::make_unique<SentencePieceTokenizer>(model, marks, name);
}

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& file) {
  return make_sentencepiece_tokenizer(
      read_bytes(file), read_marks(file.parent_path() / "tokenizer_config.json"), file.string());
}

}  // namespace alarm_dist
