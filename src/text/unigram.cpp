// SPDX-License-Identifier: Apache-2.0
// Unigram, as `tokenizers` has it.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "text/unigram_search.hpp"
#include "text/word_model.hpp"

namespace alarm_dist {
namespace {

using Search = UnigramSearch<double>;
constexpr std::int32_t kNone = Search::kNone;

// The number as the reader of `tokenizers` takes it from its shortest decimal: the digits divided
// by a power of ten, which can be off by the last bit. Between ways to write a row of equal
// characters that bit decides.
double as_tokenizers_reads(double value) {
  char text[40] = {};  // ends in zeros for atoi
  const auto written =
      std::to_chars(text, text + sizeof(text), std::abs(value), std::chars_format::scientific);
  std::uint64_t digits = 0;
  int decimals = 0;
  const char* at = text;
  for (bool after_point = false; at != written.ptr && *at != 'e'; ++at) {
    if (*at == '.') {
      after_point = true;
    } else {
      digits = 10 * digits + static_cast<std::uint64_t>(*at - '0');
      decimals += after_point ? 1 : 0;
    }
  }
  const int exponent = std::atoi(at + 1) - decimals;
  const double power = std::pow(10.0, std::abs(exponent));
  const double size =
      exponent < 0 ? static_cast<double>(digits) / power : static_cast<double>(digits) * power;
  return std::copysign(size, value);
}

class UnigramModel final : public WordModel {
 public:
  UnigramModel(const JsonField& field, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary), search_(field.where()) {
    double least = std::numeric_limits<double>::max();
    std::int32_t size = 0;
    for (const auto& entry : field.at("vocab").elements()) {
      const auto pair = entry.elements();
      const double score = as_tokenizers_reads(pair[1].number());
      least = std::min(least, score);
      search_.add(pair[0].text(), size++, score);
    }
    if (field.has("unk_id")) unknown_ = static_cast<std::int32_t>(field.at("unk_id").integer());
    ALARM_CHECK(unknown_ >= kNone && unknown_ < size, "{}: unk_id is {}, expected 0 to {}",
                field.where(), unknown_, size - 1);
    search_.set_unknown(unknown_, least);
    if (field.boolean_or("byte_fallback", false)) read_byte_ids();
  }

  void tokenize(std::string_view word, std::vector<WordToken>& tokens) const override {
    static thread_local std::vector<Search::Node> nodes;
    search_.find_ways(word, nodes);
    const std::size_t first = tokens.size();
    for (auto end = static_cast<std::int64_t>(word.size()); end > 0;) {
      const Search::Node& node = nodes[static_cast<std::size_t>(end)];
      const bool joins =
          node.id == unknown_ && tokens.size() > first && tokens.back().id == unknown_;
      if (joins) {
        tokens.back().range.begin = node.begin;
      } else {
        tokens.push_back({node.id, {node.begin, end}});
      }
      end = node.begin;
    }
    std::reverse(tokens.begin() + static_cast<std::ptrdiff_t>(first), tokens.end());
    if (unknown_ != kNone) resolve_unknown(word, first, tokens);
  }

 private:
  void read_byte_ids() {
    std::array<std::int64_t, 256> ids{};
    for (std::size_t byte = 0; byte < ids.size(); ++byte) {
      ids[byte] = vocabulary_.id_of(fmt::format("<0x{:02X}>", byte)).value_or(kNone);
    }
    byte_ids_ = ids;
  }

  // Unknown characters in a row are one token; it may be one that the vocabulary has under this
  // text, or its bytes.
  void resolve_unknown(std::string_view word, std::size_t first,
                       std::vector<WordToken>& tokens) const {
    for (std::size_t i = first; i < tokens.size(); ++i) {
      if (tokens[i].id != unknown_) continue;
      const Span range = tokens[i].range;
      const auto text = word.substr(static_cast<std::size_t>(range.begin),
                                    static_cast<std::size_t>(range.end - range.begin));
      if (const auto id = vocabulary_.id_of(text)) {
        tokens[i].id = *id;
      } else if (const auto bytes = bytes_of(text, range)) {
        const auto at = tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i));
        tokens.insert(at, bytes->begin(), bytes->end());
        i += bytes->size() - 1;
      }
    }
  }

  std::optional<std::vector<WordToken>> bytes_of(std::string_view text, Span range) const {
    if (!byte_ids_) return std::nullopt;
    std::vector<WordToken> bytes;
    for (const char byte : text) {
      const std::int64_t id = (*byte_ids_)[static_cast<unsigned char>(byte)];
      if (id == kNone) return std::nullopt;
      bytes.push_back({id, range});
    }
    return bytes;
  }

  const Vocabulary& vocabulary_;
  Search search_;
  std::int32_t unknown_ = kNone;
  std::optional<std::array<std::int64_t, 256>> byte_ids_;
};

}  // namespace

WordModelPtr make_unigram(const JsonField& field, const Vocabulary& vocabulary) {
  return std::make_unique<UnigramModel>(field, vocabulary);
}

}  // namespace alarm_dist
