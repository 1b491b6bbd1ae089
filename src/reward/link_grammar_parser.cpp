// SPDX-License-Identifier: Apache-2.0
#include "reward/link_grammar_parser.hpp"

#include <algorithm>
#include <mutex>
#include <type_traits>

#include <link-grammar/link-includes.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

constexpr int kChunkPieces = 40;
constexpr std::size_t kParsedPieces = 200;
// The library takes any run of letters for an unknown noun; longer ones are no words here.
constexpr std::int64_t kWordBytes = 60;
constexpr int kFewNulls = 3;
// The library's own default, for connectors that the dictionary calls short.
constexpr int kUsualLinkLength = 16;
constexpr int kShortLinkLength = 5;
constexpr int kLinkages = 100;     // the best of so many is looked at
constexpr int kParseSeconds = 30;  // far beyond what the counts allow

template <auto function>
struct Call {
  template <typename T>
  void operator()(T* handle) const {
    function(handle);
  }
};
template <typename Handle, auto deleter>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Call<deleter>>;
using OwnedDictionary = Owned<Dictionary, dictionary_delete>;
using OwnedOptions = Owned<Parse_Options, parse_options_delete>;
using OwnedSentence = Owned<Sentence, sentence_delete>;
using OwnedLinkage = Owned<Linkage, linkage_delete>;

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

// The library writes to standard error by default, and keeps its handler by thread.
void silence_library() {
  lg_error_set_handler([](lg_errinfo*, void*) {}, nullptr);
}

OwnedOptions make_options(int nulls, int link_length, bool all_links_short) {
  OwnedOptions options(parse_options_create());
  parse_options_set_verbosity(options.get(), 0);
  parse_options_set_linkage_limit(options.get(), kLinkages);
  parse_options_set_max_parse_time(options.get(), kParseSeconds);
  parse_options_set_max_null_count(options.get(), nulls);
  parse_options_set_short_length(options.get(), link_length);
  parse_options_set_all_short_connectors(options.get(), all_links_short);
  parse_options_set_islands_ok(options.get(), false);
  parse_options_set_spell_guess(options.get(), 0);  // a misspelt word is not repaired
  return options;
}

// Runs of letters and digits, and single other characters but white space.
struct Piece {
  Span span;
  bool word = false;
};

std::vector<Piece> split_pieces(std::string_view text) {
  std::vector<Piece> pieces;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  bool extend = false;
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t begin = at;
    UChar32 character = 0;
    U8_NEXT(bytes, at, size, character);
    const bool space =
        character < 0 || u_isUWhiteSpace(character) != 0 || u_iscntrl(character) != 0;
    const bool word = !space && u_isalnum(character) != 0;
    if (word && extend) {
      pieces.back().span.end = at;
    } else if (!space) {
      pieces.push_back({.span = {begin, at}, .word = word});
    }
    extend = word;
  }
  return pieces;
}

bool has_word(const std::vector<Piece>& pieces, const Span& span) {
  return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
    return piece.word && piece.span.begin < span.end && span.begin < piece.span.end;
  });
}

std::vector<ParsedWord> all_unlinked(const std::vector<Piece>& pieces) {
  std::vector<ParsedWord> words;
  for (const Piece& piece : pieces) {
    if (piece.word) words.push_back({.span = piece.span, .linked = false});
  }
  return words;
}

// A word is null when no link ends at it. Walls have empty ranges.
std::vector<ParsedWord> read_linkage(Linkage linkage, const std::vector<Piece>& pieces) {
  const std::size_t count = linkage_get_num_words(linkage);
  std::vector<bool> linked(count, false);
  for (LinkIdx link = 0; link < linkage_get_num_links(linkage); ++link) {
    linked.at(linkage_get_link_lword(linkage, link)) = true;
    linked.at(linkage_get_link_rword(linkage, link)) = true;
  }
  std::vector<ParsedWord> words;
  for (WordIdx word = 0; word < count; ++word) {
    const Span span{static_cast<std::int64_t>(linkage_get_word_byte_start(linkage, word)),
                    static_cast<std::int64_t>(linkage_get_word_byte_end(linkage, word))};
    if (!has_word(pieces, span)) continue;
    words.push_back({.span = span, .linked = linked[word] && span.end - span.begin <= kWordBytes});
  }
  return words;
}

}  // namespace

struct LinkGrammarParser::Handles {
  OwnedDictionary dictionary;
  OwnedOptions full = make_options(kFewNulls, kUsualLinkLength, false);
  OwnedOptions fast = make_options(kChunkPieces, kShortLinkLength, true);

  std::vector<ParsedWord> parse_chunk(const std::string& text) const;
};

std::vector<ParsedWord> LinkGrammarParser::Handles::parse_chunk(const std::string& text) const {
  const std::vector<Piece> pieces = split_pieces(text);
  for (Parse_Options options : {full.get(), fast.get()}) {
    // A sentence each: the library traps when one is parsed again with other lengths of links.
    const OwnedSentence sentence(sentence_create(text.c_str(), dictionary.get()));
    parse_options_reset_resources(options);
    if (sentence == nullptr || sentence_split(sentence.get(), options) < 0) break;
    const int linkages = sentence_parse(sentence.get(), options);
    ALARM_CHECK(parse_options_resources_exhausted(options) == 0,
                "link-grammar needs more than {} s for the {} bytes '{:.60}'", kParseSeconds,
                text.size(), text);
    if (linkages <= 0) continue;
    const OwnedLinkage linkage(linkage_create(0, sentence.get(), options));
    if (linkage != nullptr) return read_linkage(linkage.get(), pieces);
  }
  return all_unlinked(pieces);
}

LinkGrammarParser::LinkGrammarParser(const std::string& dictionary)
    : handles_(std::make_unique<Handles>()) {
  const std::lock_guard lock(library_mutex());
  silence_library();
  handles_->dictionary.reset(dictionary_create_lang(dictionary.c_str()));
  ALARM_CHECK(handles_->dictionary != nullptr,
              "link-grammar has no dictionary '{}': for \"en\" install Debian's "
              "link-grammar-dictionaries-en",
              dictionary);
}

LinkGrammarParser::~LinkGrammarParser() {
  const std::lock_guard lock(library_mutex());
  handles_.reset();
}

std::vector<ParsedWord> LinkGrammarParser::parse(std::string_view sentence) const {
  const std::lock_guard lock(library_mutex());
  silence_library();
  const std::vector<Piece> pieces = split_pieces(sentence);
  const std::size_t parsed = std::min(pieces.size(), kParsedPieces);
  std::vector<ParsedWord> words;
  for (std::size_t begin = 0; begin < parsed; begin += kChunkPieces) {
    const std::size_t end = std::min(begin + kChunkPieces, parsed);
    const std::int64_t first = pieces[begin].span.begin;
    std::string chunk(sentence.substr(static_cast<std::size_t>(first),
                                      static_cast<std::size_t>(pieces[end - 1].span.end - first)));
    std::replace_if(
        chunk.begin(), chunk.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    for (ParsedWord word : handles_->parse_chunk(chunk)) {
      word.span = {word.span.begin + first, word.span.end + first};
      words.push_back(word);
    }
  }
  for (const ParsedWord& word :
       all_unlinked({pieces.begin() + static_cast<std::ptrdiff_t>(parsed), pieces.end()})) {
    words.push_back(word);
  }
  return words;
}

}  // namespace alarm_dist
