// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_encoder.hpp"

#include <algorithm>
#include <limits>
#include <sentencepiece_processor.h>
#include <utility>

#include "alarm/base/error.hpp"

#include "text/sentencepiece_normalizer.hpp"

namespace alarm_dist {
namespace {

// A text behind a mark, its own marks spaces.
class Spaced {
 public:
  explicit Spaced(std::string_view text) : text_(kSpaceMark), origin_(kSpaceMark.size(), 0) {
    for (std::size_t at = 0; at < text.size();) {
      const bool mark = text.substr(at).starts_with(kSpaceMark);
      text_ += mark ? ' ' : text[at];
      origin_.push_back(static_cast<std::int64_t>(at));
      at += mark ? kSpaceMark.size() : 1;
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

// Pieces of a stretch of the text, from the one with this index on; `moved`: what to add to their
// offsets.
void append(Encoding& out, const Encoding& pieces, std::size_t from, std::int64_t moved) {
  for (std::size_t i = from; i < pieces.ids.size(); ++i) {
    out.ids.push_back(pieces.ids[i]);
    const Span& span = pieces.offsets[i];
    out.offsets.push_back({std::max<std::int64_t>(span.begin + moved, 0),
                           std::max<std::int64_t>(span.end + moved, 0)});
  }
}
void append(Encoding& out, std::int64_t id, const Span& range) {
  out.ids.push_back(id);
  out.offsets.push_back(range);
}

std::unique_ptr<PieceModel> make_pieces(const sentencepiece::SentencePieceProcessor& model,
                                        const std::string& bytes, bool space_before_each,
                                        const std::string& name) {
  const SentencePieceModel parts = read_sentencepiece_model(bytes, name);
  SentencePieceModel wanted = parts;
  wanted.add_space_prefix = parts.add_space_prefix && space_before_each;
  if (parts.algorithm == SentencePieceModel::Algorithm::kUnigram) {
    return make_unigram_pieces(wanted, name);
  }
  wanted = for_library(std::move(wanted));
  return wanted == parts ? make_library_pieces(model, name) : make_library_pieces(wanted, name);
}

std::string_view part(std::string_view text, const Span& range) {
  return text.substr(static_cast<std::size_t>(range.begin),
                     static_cast<std::size_t>(range.end - range.begin));
}

}  // namespace

SentencePieceEncoder::SentencePieceEncoder(const sentencepiece::SentencePieceProcessor& model,
                                           const std::string& bytes,
                                           const SentencePieceSettings& settings,
                                           const std::string& name)
    : ids_(settings.ids),
      space_before_each_(settings.space_before_each),
      pieces_(make_pieces(model, bytes, space_before_each_, name)),
      unknown_(model.IdToPiece(model.unk_id())),
      unknown_pieces_(pieces_->pieces_of(unknown_).ids.size()) {
  for (const AddedToken& token : settings.added) {
    finder_.add(token, token.content);
    if (token.special) special_.push_back(token.id);
  }
  const int mark = model.PieceToId(kSpaceMark);
  if (model.IdToPiece(mark) == kSpaceMark)
    mark_ = ids_.of_piece(mark);  // else the id of what is unknown
}

Encoding SentencePieceEncoder::encode(std::string_view text) const {
  constexpr auto kMostBytes = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  ALARM_CHECK(text.size() <= kMostBytes, "text to tokenize has {} bytes, expected up to {}",
              text.size(), kMostBytes);
  return space_before_each_ ? encode_each(text) : encode_prefixed(text);
}

Encoding SentencePieceEncoder::pieces_of(std::string_view text) const {
  Encoding out = pieces_->pieces_of(text);
  for (std::int64_t& id : out.ids) id = ids_.of_piece(id);
  return out;
}

Encoding SentencePieceEncoder::encode_each(std::string_view text) const {
  if (finder_.empty()) return pieces_of(text);
  Encoding out;
  for (const Segment& segment : finder_.segments(text)) {
    if (segment.token) {
      append(out, *segment.token, segment.range);
    } else {
      append(out, pieces_of(part(text, segment.range)), 0, segment.range.begin);
    }
  }
  return out;
}

// Before a special token transformers takes the mark away again.
bool SentencePieceEncoder::is_mark_alone(const Encoding& out) const {
  return out.ids.size() == 1 && out.ids.front() == mark_;
}

// One mark before the whole text, whose own marks are read as spaces.
Encoding SentencePieceEncoder::encode_prefixed(std::string_view text) const {
  if (text.empty()) return {};
  const Spaced spaced(text);
  Encoding out;
  for (const Segment& segment : finder_.segments(spaced.text())) {
    if (!segment.token) {
      append_bare(out, part(spaced.text(), segment.range), segment.range.begin);
      continue;
    }
    const bool special = std::ranges::binary_search(special_, *segment.token);
    if (special && is_mark_alone(out)) out = {};
    append(out, *segment.token, segment.range);
  }
  for (Span& span : out.offsets) span = spaced.original(span);
  return out;
}

// The model takes spaces off the beginning of what it reads, and so reads a stretch that begins
// with one behind its unknown piece.
void SentencePieceEncoder::append_bare(Encoding& out, std::string_view stretch,
                                       std::int64_t begin) const {
  if (!stretch.starts_with(kSpaceMark) && !stretch.starts_with(' '))
    return append(out, pieces_of(stretch), 0, begin);
  const auto pieces = pieces_of(unknown_ + std::string(stretch));
  append(out, pieces, std::min(unknown_pieces_, pieces.ids.size()),
         begin - static_cast<std::int64_t>(unknown_.size()));
}

}  // namespace alarm_dist
