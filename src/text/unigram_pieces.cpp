// SPDX-License-Identifier: Apache-2.0
// The pieces of SentencePiece's Unigram models, as PyPI `sentencepiece` 0.2.3 finds them: between
// splits of equal score Debian's older libsentencepiece takes another one.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "text/piece_model.hpp"
#include "text/sentencepiece_normalizer.hpp"
#include "text/unigram_search.hpp"

namespace alarm_dist {
namespace {

using Search = UnigramSearch<float>;
using ByteIds = std::array<std::int64_t, 256>;

constexpr float kGreatestSum = 100'000;  // beyond it long texts would lose too many digits

// User-defined symbols beat what they are made of; the longer of them beat the shorter.
float user_defined_score(std::size_t bytes) {
  return static_cast<float>(0.1 * (static_cast<double>(bytes) - 1));
}

// Of the pieces that stand for bytes, all of which the library asks for where there is one.
std::optional<ByteIds> find_byte_ids(const SentencePieceModel& model, const std::string& name) {
  std::unordered_map<std::string_view, std::int64_t> found;
  for (std::size_t id = 0; id < model.tokens.size(); ++id) {
    if (model.types[id] == piece_type::kByte) found.emplace(model.tokens[id], id);
  }
  if (found.empty()) return std::nullopt;
  ByteIds ids{};
  for (std::size_t byte = 0; byte < ids.size(); ++byte) {
    const auto entry = found.find(fmt::format("<0x{:02X}>", byte));
    ALARM_CHECK(entry != found.end(), "{}: there is no piece for the byte {}", name, byte);
    ids[byte] = entry->second;
  }
  return ids;
}

class UnigramPieces final : public PieceModel {
 public:
  UnigramPieces(const SentencePieceModel& model, const std::string& name)
      : normalizer_(model, name), search_(name, kGreatestSum) {
    float least = std::numeric_limits<float>::max();
    for (std::size_t id = 0; id < model.tokens.size(); ++id) {
      const std::string& piece = model.tokens[id];
      const auto score = static_cast<float>(model.scores[id]);
      ALARM_CHECK(std::isfinite(score), "{}: the score of piece {} is {}", name, id, score);
      const auto index = static_cast<std::int32_t>(id);
      const std::int64_t type = model.types[id];
      if (type == piece_type::kNormal) {
        search_.add(piece, index, score);
        least = std::min(least, score);
      }
      if (type == piece_type::kUserDefined) {
        search_.add(piece, index, user_defined_score(piece.size()));
      }
      if (type == piece_type::kUnknown) unknown_ = index;
    }
    search_.set_unknown(unknown_, least);
    byte_ids_ = find_byte_ids(model, name);
  }

  Encoding pieces_of(std::string_view text) const override {
    const NormalizedText normalized = normalizer_.normalize(text);
    static thread_local std::vector<Search::Node> nodes;
    search_.find_ways(normalized.text, nodes);
    Encoding out;  // from the last piece to the first
    bool after_unknown = false;
    for (std::size_t end = normalized.text.size(); end > 0;) {
      const Search::Node& node = nodes[end];
      const auto begin = static_cast<std::size_t>(node.begin);
      const Span span{normalized.origin[begin], normalized.origin[end]};
      const bool unknown = node.id == unknown_;
      if (unknown && byte_ids_) {
        append_bytes(out, std::string_view(normalized.text).substr(begin, end - begin), span);
      } else if (unknown && after_unknown) {  // a row of unknown characters is one piece
        out.offsets.back().begin = span.begin;
      } else {
        out.ids.push_back(node.id);
        out.offsets.push_back(span);
      }
      after_unknown = unknown;
      end = begin;
    }
    std::ranges::reverse(out.ids);
    std::ranges::reverse(out.offsets);
    return out;
  }

 private:
  // Of an unknown character, from the last byte, which stands for all of it, to the first.
  void append_bytes(Encoding& out, std::string_view bytes, const Span& span) const {
    std::int64_t end = span.end;
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
      out.ids.push_back((*byte_ids_)[static_cast<unsigned char>(*byte)]);
      out.offsets.push_back({span.begin, end});
      end = span.begin;
    }
  }

  SentencePieceNormalizer normalizer_;
  Search search_;
  std::int32_t unknown_ = Search::kNone;
  std::optional<ByteIds> byte_ids_;
};

}  // namespace

std::unique_ptr<PieceModel> make_unigram_pieces(const SentencePieceModel& model,
                                                const std::string& name) {
  return std::make_unique<UnigramPieces>(model, name);
}

}  // namespace alarm_dist
