// SPDX-License-Identifier: Apache-2.0
// Sentence boundaries by rule: every terminator is a candidate, and what stands around it decides.
// Written for scientific English, also in tokenised form ("systems ( Smith et al . , 2005 ) .").
#include "alarm/text/sentences.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "text/unicode.hpp"

namespace alarm_dist {
namespace {

using std::string_view;

template <std::size_t N>
bool is_one_of(string_view word, const std::array<string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Never the end of a sentence: what they announce follows.
constexpr std::array<string_view, 44> kLeading = {
    "e.g",  "i.e",  "eg",   "ie",   "cf",  "vs",   "viz",  "fig",    "figs", "eq",  "eqs",
    "eqn",  "sec",  "sect", "secs", "tab", "tabs", "ref",  "refs",   "no",   "nos", "vol",
    "vols", "pp",   "ch",   "chap", "app", "thm",  "def",  "prop",   "dr",   "mr",  "mrs",
    "ms",   "prof", "st",   "gen",  "sen", "rep",  "resp", "approx", "ca",   "art", "alg"};

// May also end one; then a word follows that starts sentences.
constexpr std::array<string_view, 19> kEither = {
    "al",    "etc", "inc", "ltd",  "co",   "corp", "jr",  "sr",  "w.r.t", "i.i.d",
    "a.k.a", "a.m", "p.m", "ph.d", "m.sc", "b.sc", "u.s", "u.k", "dept"};

constexpr std::array<string_view, 62> kStarters = {
    "We",       "The",      "This",        "These",       "Our",          "In",      "It",
    "They",     "However",  "There",       "For",         "To",           "As",      "A",
    "An",       "On",       "While",       "Although",    "Moreover",     "Finally", "First",
    "Second",   "Third",    "Experiments", "Results",     "That",         "Those",   "Such",
    "With",     "From",     "When",        "If",          "Since",        "Because", "Then",
    "Thus",     "Hence",    "Therefore",   "Furthermore", "Additionally", "Instead", "Unlike",
    "By",       "At",       "But",         "And",         "Their",        "Its",     "Here",
    "Our",      "Both",     "Each",        "Most",        "Many",         "Some",    "Recently",
    "Previous", "Existing", "He",          "She",         "You",          "I"};

bool is_ascii_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool is_terminator(char32_t code) {
  return code == '.' || code == '!' || code == '?' || code == U'…' || code == U'。' ||
         code == U'！' || code == U'？';
}

bool needs_no_space(char32_t code) { return code == U'。' || code == U'！' || code == U'？'; }

bool is_closer(char32_t code) {
  static constexpr std::u32string_view kClosers = U"\"')]}”’»」』）";
  return kClosers.find(code) != std::u32string_view::npos;
}

bool is_opener(char32_t code) {
  static constexpr std::u32string_view kOpeners = U"\"'([{“‘«「『（`";
  return kOpeners.find(code) != std::u32string_view::npos;
}

std::string lower_ascii(string_view word) {
  std::string out(word);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// Letters with single dots between them: "U.S", "i.i.d".
bool is_dotted_letters(string_view word) {
  if (word.size() < 3 || word.size() % 2 == 0) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (i % 2 == 1 ? word[i] != '.' : !is_letter(static_cast<unsigned char>(word[i]))) return false;
  }
  return true;
}

bool is_ascii_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

class SentenceSplitter {
 public:
  explicit SentenceSplitter(string_view text) : text_(text) {}

  std::vector<Span> split() {
    begin_ = skip_space(0);
    for (std::size_t at = begin_; at < text_.size();) at = step(at);
    emit(text_.size());
    return std::move(sentences_);
  }

 private:
  // Looks at one character, or one run of terminators, and returns where to go on.
  std::size_t step(std::size_t at) {
    const Character character = character_or_replacement(text_, at);
    const std::size_t after = at + character.size;
    if (character.code == '"') ++double_quotes_;
    if (character.code == '\n' && breaks_line(after)) return cut(at);
    if (!is_terminator(character.code)) return after;
    const std::size_t end = skip_terminators(at);
    const std::size_t closed = skip_closers(end);
    return ends_sentence(at, end, closed) ? cut(closed) : std::max(end, closed);
  }

  // An empty line, or the start of a list item.
  bool breaks_line(std::size_t at) const {
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r')) ++at;
    if (at >= text_.size() || text_[at] == '\n') return true;
    const string_view rest = text_.substr(at);
    if (rest.starts_with("- ") || rest.starts_with("* ") || rest.starts_with("• ")) return true;
    const std::size_t digits = rest.find_first_not_of("0123456789");
    return digits != string_view::npos && digits > 0 && digits <= 3 &&
           (rest.substr(digits).starts_with(". ") || rest.substr(digits).starts_with(") "));
  }

  std::size_t skip_terminators(std::size_t at) const {
    while (at < text_.size()) {
      const Character character = character_or_replacement(text_, at);
      if (!is_terminator(character.code)) break;
      at += character.size;
    }
    return at;
  }

  // Closing quotes and brackets right after the terminator; after a space only what cannot open:
  // brackets, and the second of two straight quotes.
  std::size_t skip_closers(std::size_t at) {
    while (at < text_.size()) {
      const std::size_t next = skip_space(at);
      if (next >= text_.size()) break;
      const Character character = character_or_replacement(text_, next);
      const bool bracket = character.code == ')' || character.code == ']' || character.code == '}';
      const bool second_quote = character.code == '"' && double_quotes_ % 2 == 1;
      if (next == at ? !is_closer(character.code) : !bracket && !second_quote) break;
      if (character.code == '"') ++double_quotes_;
      at = next + character.size;
    }
    return at;
  }

  bool ends_sentence(std::size_t at, std::size_t end, std::size_t closed) const {
    const std::size_t next = skip_space(closed);
    if (next >= text_.size()) return true;
    if (needs_no_space(character_or_replacement(text_, at).code)) return true;
    if (next == closed) return false;
    if (line_break_between(closed, next)) return true;
    if (!may_start_sentence(next) || inside_brackets(closed)) return false;
    const bool single_dot = text_[at] == '.' && end == at + 1;
    return !single_dot || dot_ends_sentence(at, next);
  }

  bool line_break_between(std::size_t from, std::size_t to) const {
    const std::size_t line = text_.substr(from, to - from).find('\n');
    return line != string_view::npos && breaks_line(from + line + 1);
  }

  bool may_start_sentence(std::size_t next) const {
    const char32_t code = character_or_replacement(text_, next).code;
    if (is_lower(code)) return false;
    static constexpr std::u32string_view kContinues = U",;:)]}%&=+/|”’»-–—<>.";
    return kContinues.find(code) == std::u32string_view::npos;
  }

  // Whether a bracket that opened in this sentence is still open and closes soon.
  bool inside_brackets(std::size_t closed) const {
    constexpr std::size_t kSoon = 200;
    int depth = 0;
    for (const char c : text_.substr(begin_, closed - begin_)) {
      depth += c == '(' ? 1 : c == ')' && depth > 0 ? -1 : 0;
    }
    if (depth == 0) return false;
    const string_view rest = text_.substr(closed, kSoon);
    return rest.find(')') < rest.find('(');
  }

  // The words around a single dot decide.
  bool dot_ends_sentence(std::size_t dot, std::size_t next) const {
    const std::size_t word_end = space_left(dot);
    const std::size_t word_begin = word_start(word_end);
    const string_view word = text_.substr(word_begin, word_end - word_begin);
    const bool apart = word_end < dot;  // " ." as tokenisers write it
    const std::string lower = lower_ascii(word);
    if (is_one_of(lower, kLeading)) return leading_word_ends(lower, apart, next);
    if (is_one_of(lower, kEither) || is_dotted_letters(word)) return starter_at(next);
    if (is_label(word, word_begin)) return false;
    const bool initial = word.size() == 1 && is_ascii_upper(word[0]);
    return !initial || apart || starter_at(next);
  }

  // "no .", "app ." and the like are also ordinary words: set apart by a tokeniser they end the
  // sentence unless a number follows.
  bool leading_word_ends(const std::string& lower, bool apart, std::size_t next) const {
    static constexpr std::array<string_view, 11> kWords = {"no",  "app", "art", "def", "tab", "gen",
                                                           "rep", "ms",  "ref", "ch",  "st"};
    return apart && is_one_of(lower, kWords) && !is_ascii_digit(text_[next]);
  }

  // "1." or "a." at the start of a sentence numbers it.
  bool is_label(string_view word, std::size_t word_begin) const {
    if (word_begin != begin_) return false;
    const bool number =
        !word.empty() && word.size() <= 3 && std::all_of(word.begin(), word.end(), is_ascii_digit);
    return number || (word.size() == 1 && is_letter(static_cast<unsigned char>(word[0])));
  }

  bool starter_at(std::size_t next) const {
    std::size_t end = next;
    while (end < text_.size() && is_letter(static_cast<unsigned char>(text_[end])) &&
           text_[end] > 0)
      ++end;
    return is_one_of(text_.substr(next, end - next), kStarters);
  }

  std::size_t space_left(std::size_t at) const {
    while (at > begin_ && is_ascii_space(text_[at - 1])) --at;
    return at;
  }

  // Where the word that ends here begins, without opening quotes and brackets.
  std::size_t word_start(std::size_t end) const {
    std::size_t begin = end;
    while (begin > begin_ && !is_ascii_space(text_[begin - 1])) --begin;
    while (begin < end) {
      const Character character = character_or_replacement(text_, begin);
      if (!is_opener(character.code)) break;
      begin += character.size;
    }
    return begin;
  }

  std::size_t skip_space(std::size_t at) const {
    while (at < text_.size()) {
      const Character character = character_or_replacement(text_, at);
      if (!is_white_space(character.code)) break;
      at += character.size;
    }
    return at;
  }

  std::size_t cut(std::size_t end) {
    emit(end);
    begin_ = skip_space(end);
    double_quotes_ = 0;
    return begin_;
  }

  void emit(std::size_t end) {
    while (end > begin_ && is_ascii_space(text_[end - 1])) --end;
    if (end > begin_) {
      sentences_.push_back({static_cast<std::int64_t>(begin_), static_cast<std::int64_t>(end)});
    }
  }

  string_view text_;
  std::size_t begin_ = 0;  // of the sentence at hand
  int double_quotes_ = 0;  // straight ones in it so far
  std::vector<Span> sentences_;
};

}  // namespace

std::vector<Span> split_sentences(string_view text) { return SentenceSplitter(text).split(); }

}  // namespace alarm_dist
