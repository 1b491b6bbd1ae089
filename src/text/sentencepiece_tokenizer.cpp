// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_tokenizer.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <sentencepiece_processor.h>

#include "alarm/base/error.hpp"

#include "text/added_tokens.hpp"
#include "text/post_processor.hpp"
#include "text/sentencepiece_settings.hpp"
#include "text/text_decoding.hpp"

namespace alarm_dist {
namespace {

constexpr std::string_view kMark = "▁";

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
  bool space_before_each_;
  bool at_start_ = true;
};

// The model, again, without the space that it puts before a text: in the wire format of protocol
// buffers what comes later is merged in (NormalizerSpec, field 3; add_dummy_prefix, field 3).
constexpr std::string_view kWithoutPrefix{"\x1a\x02\x18\x00", 4};

// A text behind a mark, its own marks spaces.
class Spaced {
 public:
  explicit Spaced(std::string_view text) : text_(kMark), origin_(kMark.size(), 0) {
    for (std::size_t at = 0; at < text.size();) {
      const bool mark = text.substr(at).starts_with(kMark);
      text_ += mark ? ' ' : text[at];
      origin_.push_back(static_cast<std::int64_t>(at));
      at += mark ? kMark.size() : 1;
    }
    origin_.push_back(static_cast<std::int64_t>(text.size()));
  }
  const std::string& text() const { return text_; }
  Span original(const Span& span) const {
    return {origin_[static_cast<std::size_t>(span.begin)],
            origin_[static_cast<std::size_t>(span.end)]};
  }

 private:
  std::string text_;
  std::vector<std::int64_t> origin_;  // of each byte
};

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(const std::string& model, const std::filesystem::path& file)
      : name_(file.string()) {
    check(processor_.LoadFromSerializedProto(model), "not a SentencePiece model");
    settings_ = read_sentencepiece_settings(
        file.parent_path(), {.count = processor_.GetPieceSize(),
                             .find = [this](auto piece) { return find_piece(piece); }});
    begin_ = mark_of(settings_.begin, processor_.bos_id(), "beginning");
    end_ = mark_of(settings_.end, processor_.eos_id(), "end");
    leading_ = probe_leading_space();
    for (const AddedToken& token : settings_.added) {
      added_.emplace(token.id, token);
      finder_.add(token, token.content);
    }
    if (settings_.space_before_each) return;
    check(bare_.LoadFromSerializedProto(model + std::string(kWithoutPrefix)), "not a model");
    unknown_ = processor_.IdToPiece(processor_.unk_id());
    unknown_pieces_ = run(bare_, unknown_).ids.size();
  }

  Encoding encode(std::string_view text, const EncodeOptions& options) const override {
    constexpr auto kMostBytes = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
    ALARM_CHECK(text.size() <= kMostBytes, "text to tokenize has {} bytes, expected up to {}",
                text.size(), kMostBytes);
    Encoding out = settings_.space_before_each ? encode_each(text) : encode_prefixed(text);
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
        settings_.added, [&](const auto& token) { return !find_piece(token.content); });
    return processor_.GetPieceSize() + more;
  }
  std::int64_t id_limit() const override {
    const std::int64_t pieces = processor_.GetPieceSize();
    return settings_.added.empty() ? pieces : std::max(pieces, settings_.added.back().id + 1);
  }
  std::optional<std::int64_t> id_of(std::string_view token) const override {
    const auto added = std::ranges::find(settings_.added, token, &AddedToken::content);
    return added != settings_.added.end() ? added->id : find_piece(token);
  }
  std::string token_of(std::int64_t id) const override {
    if (const auto added = added_.find(id); added != added_.end()) return added->second.content;
    ALARM_CHECK(has(id), "{}: no token has id {}; there are {} tokens", name_, id,
                vocabulary_size());
    return processor_.IdToPiece(static_cast<int>(id));
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
    const int id = processor_.PieceToId(token);
    const bool found =
        has(id) && processor_.IdToPiece(id) == token;  // else the id of what is unknown
    return found ? std::optional<std::int64_t>(id) : std::nullopt;
  }

  Encoding run(const sentencepiece::SentencePieceProcessor& processor,
               std::string_view text) const {
    sentencepiece::ImmutableSentencePieceText pieces;
    check(processor.Encode(text, pieces.mutable_proto()), "encoding failed");
    Encoding out;
    const std::size_t count = pieces.pieces_size();
    out.ids.reserve(count);
    out.offsets.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto piece = pieces.pieces(static_cast<int>(i));
      out.ids.push_back(piece.id());
      out.offsets.push_back({piece.begin(), piece.end()});
    }
    return out;
  }

  // Pieces of a stretch of the text, from the one with this index on; `moved`: what to add to their
  // offsets.
  static void append(Encoding& out, const Encoding& pieces, std::size_t from, std::int64_t moved) {
    for (std::size_t i = from; i < pieces.ids.size(); ++i) {
      out.ids.push_back(pieces.ids[i]);
      const Span& span = pieces.offsets[i];
      out.offsets.push_back({std::max<std::int64_t>(span.begin + moved, 0),
                             std::max<std::int64_t>(span.end + moved, 0)});
    }
  }
  static void append(Encoding& out, const Segment& token) {
    out.ids.push_back(*token.token);
    out.offsets.push_back(token.range);
  }

  Encoding encode_each(std::string_view text) const {
    if (finder_.empty()) return run(processor_, text);
    Encoding out;
    for (const Segment& segment : finder_.segments(text)) {
      if (segment.token) {
        append(out, segment);
      } else {
        append(out, run(processor_, part(text, segment.range)), 0, segment.range.begin);
      }
    }
    return out;
  }

  // One mark before the whole text, whose own marks are read as spaces.
  Encoding encode_prefixed(std::string_view text) const {
    if (text.empty()) return {};
    const Spaced spaced(text);
    Encoding out;
    for (const Segment& segment : finder_.segments(spaced.text())) {
      if (!segment.token) {
        append_bare(out, part(spaced.text(), segment.range), segment.range.begin);
        continue;
      }
      const bool mark_alone = out.ids.size() == 1 && out.ids.front() == find_piece(kMark);
      if (mark_alone && out.offsets.front().begin == 0 && added_.at(*segment.token).special)
        out = {};
      append(out, segment);
    }
    for (Span& span : out.offsets) span = spaced.original(span);
    return out;
  }

  // The model takes spaces off the beginning of what it reads, and so reads a stretch that begins
  // with one behind its unknown piece.
  void append_bare(Encoding& out, std::string_view stretch, std::int64_t begin) const {
    if (!stretch.starts_with(kMark) && !stretch.starts_with(' '))
      return append(out, run(bare_, stretch), 0, begin);
    const auto pieces = run(bare_, unknown_ + std::string(stretch));
    append(out, pieces, std::min(unknown_pieces_, pieces.ids.size()),
           begin - static_cast<std::int64_t>(unknown_.size()));
  }

  static std::string_view part(std::string_view text, const Span& range) {
    return text.substr(static_cast<std::size_t>(range.begin),
                       static_cast<std::size_t>(range.end - range.begin));
  }

  bool has(std::int64_t id) const { return id >= 0 && id < processor_.GetPieceSize(); }

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
    steps.push_back(std::make_unique<MarkStep>(leading_, settings_.space_before_each));
    return DecoderRun(std::move(steps));
  }

  TokenText token_text() const {
    return [this](std::int64_t wide) -> std::optional<std::string> {
      if (const auto added = added_.find(wide); added != added_.end()) {
        if (added->second.special) return std::nullopt;
        return std::string(kVerbatim) + added->second.content;
      }
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
  sentencepiece::SentencePieceProcessor processor_;
  SentencePieceSettings settings_;
  std::optional<std::int64_t> begin_, end_;
  std::map<std::int64_t, AddedToken> added_;  // those of the settings by id
  AddedTokenFinder finder_;
  LeadingSpace leading_;
  // Where a space stands before the whole text only.
  sentencepiece::SentencePieceProcessor bare_;
  std::string unknown_;
  std::size_t unknown_pieces_ = 0;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& file) {
  return std::make_unique<SentencePieceTokenizer>(read_bytes(file), file);
}

}  // namespace alarm_dist
