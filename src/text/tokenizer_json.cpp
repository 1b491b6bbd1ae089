// SPDX-License-Identifier: Apache-2.0
// A tokenizer as a tokenizer.json describes it: added tokens, normaliser, pre-tokenizer, model,
// post-processor, decoder.
#include "text/tokenizer_json.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "alarm/base/text.hpp"

#include "text/added_tokens.hpp"
#include "text/kinds.hpp"
#include "text/normalizer.hpp"
#include "text/post_processor.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/text_decoding.hpp"
#include "text/vocabulary.hpp"
#include "text/word_model.hpp"

namespace alarm_dist {
namespace {

enum class ModelKind { kBpe, kUnigram, kWordLevel, kWordPiece };

constexpr std::array<Kind<ModelKind>, 4> kModels = {{
    {"BPE", ModelKind::kBpe},
    {"Unigram", ModelKind::kUnigram},
    {"WordLevel", ModelKind::kWordLevel},
    {"WordPiece", ModelKind::kWordPiece},
}};

// Old files do not name the model.
ModelKind model_kind(const JsonField& field) {
  if (field.has("type")) return find_kind(field, "model", kModels);
  if (field.has("merges")) return ModelKind::kBpe;
  return field.at("vocab").value().is_array() ? ModelKind::kUnigram : ModelKind::kWordPiece;
}

// Whether BPE over bytes gives what BPE over the characters that write them gives.
bool takes_bytes(const JsonField& bpe) {
  const bool fuses = bpe.boolean_or("fuse_unk", false) && bpe.has("unk_token");
  return !fuses && !bpe.boolean_or("byte_fallback", false) &&
         bpe.text_or("continuing_subword_prefix", "").empty() &&
         bpe.text_or("end_of_word_suffix", "").empty();
}

void read_model_vocabulary(const JsonField& field, Vocabulary& vocabulary) {
  const JsonField entries = field.at("vocab");
  if (entries.value().is_array()) {  // Unigram: [piece, score] in the order of the ids
    std::int64_t id = 0;
    for (const auto& entry : entries.elements()) {
      const auto pair = entry.elements();
      ALARM_CHECK(pair.size() == 2, "{}: expected [token, score], found {} values", entry.where(),
                  pair.size());
      vocabulary.add(pair[0].text(), id++);
    }
    return;
  }
  if (!entries.value().is_object()) {
    entries.refuse("a vocabulary that is neither an object nor an array");
  }
  for (const auto& [token, unused] : entries.value().items()) {
    vocabulary.add(token, entries.at(token).integer());
  }
}

class JsonTokenizer final : public Tokenizer {
 public:
  explicit JsonTokenizer(const JsonField& document) : where_(document.where()) {
    const JsonField model = document.at("model");
    check_vocabulary_kind(model);
    read_model_vocabulary(model, vocabulary_);
    if (document.has("normalizer")) normalizer_ = make_normalizer(document.at("normalizer"));
    if (document.has("added_tokens")) add_tokens(document.at("added_tokens"));
    if (document.has("pre_tokenizer"))
      pre_tokenizers_ = PreTokenizerChain(document.at("pre_tokenizer"));
    read_model(model);
    if (document.has("post_processor")) {
      post_processor_ = PostProcessor(document.at("post_processor"), vocabulary_);
    }
    if (document.has("decoder")) decoder_ = Decoder(document.at("decoder"));
  }

  Encoding encode(std::string_view text, const EncodeOptions& options) const override {
    constexpr auto kMostBytes = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
    ALARM_CHECK(text.size() <= kMostBytes, "text to tokenize has {} bytes, expected up to {}",
                text.size(), kMostBytes);
    const auto invalid = find_invalid_utf8(text);
    ALARM_CHECK(!invalid, "text to tokenize is not UTF-8 at byte {}", *invalid);
    Encoding out;
    for (const Segment& segment : in_text_.segments(text)) {
      if (segment.token) {
        append(out, *segment.token, segment.range);
      } else {
        const auto begin = static_cast<std::size_t>(segment.range.begin);
        const auto size = static_cast<std::size_t>(segment.range.end) - begin;
        encode_plain(AlignedText(text.substr(begin, size), segment.range.begin), out);
      }
    }
    post_processor_.apply(out, options, text, added_);
    return out;
  }

  DecodedText decode(std::span<const std::int64_t> ids) const override {
    return decode_tokens(ids, token_text(), DecoderRun(decoder_.make_steps()),
                         Malformed::kLongestStart);
  }
  std::unique_ptr<DecodeStream> decode_stream() const override {
    return stream_tokens(token_text(), DecoderRun(decoder_.make_steps()), Malformed::kLongestStart);
  }

  std::int64_t vocabulary_size() const override { return vocabulary_.size(); }
  std::int64_t id_limit() const override { return vocabulary_.id_limit(); }
  std::optional<std::int64_t> id_of(std::string_view token) const override {
    return vocabulary_.id_of(token);
  }
  std::string token_of(std::int64_t id) const override {
    const std::string* token = find_token(id);
    ALARM_CHECK(token != nullptr, "{}: no token has id {}; there are {} tokens", where_, id,
                vocabulary_.size());
    return *token;
  }

 private:
  static void check_vocabulary_kind(const JsonField& model) {
    const JsonField entries = model.at("vocab");
    const bool unigram = model_kind(model) == ModelKind::kUnigram;
    ALARM_CHECK(entries.value().is_array() == unigram, "{}: expected {}, found {}", entries.where(),
                unigram ? "an array" : "an object", entries.value().type_name());
  }

  void add_tokens(const JsonField& field) {
    for (const AddedToken& token : read_added_tokens(field)) {
      vocabulary_.add(token.content, token.id);
      added_.push_back(token.id);
      if (token.special) special_.push_back(token.id);
      if (token.normalized) {
        const std::string shown =
            normalizer_ ? normalizer_->apply({token.content, 0}).text() : token.content;
        in_normalized_.add(token, shown);
        if (shown != token.content) shown_.emplace(token.id, shown);
      } else {
        in_text_.add(token, token.content);
      }
    }
    std::sort(added_.begin(), added_.end());
    std::sort(special_.begin(), special_.end());
  }

  void read_model(const JsonField& field) {
    const ModelKind kind = model_kind(field);
    Symbols symbols = Symbols::kCharacters;
    if (kind == ModelKind::kBpe && pre_tokenizers_.ends_byte_level() && takes_bytes(field)) {
      symbols = Symbols::kBytes;
    } else {
      pre_tokenizers_.expand_bytes();
    }
    switch (kind) {
      case ModelKind::kBpe:
        model_ = make_bpe(field, vocabulary_, symbols);
        return;
      case ModelKind::kUnigram:
        model_ = make_unigram(field, vocabulary_);
        return;
      case ModelKind::kWordLevel:
        model_ = make_word_level(field, vocabulary_);
        return;
      case ModelKind::kWordPiece:
        model_ = make_wordpiece(field, vocabulary_);
        return;
    }
  }

  // Text between the added tokens that stand in the input itself.
  void encode_plain(AlignedText plain, Encoding& out) const {
    AlignedText text = normalizer_ ? normalizer_->apply(std::move(plain)) : std::move(plain);
    if (in_normalized_.empty()) return encode_words(std::move(text), out);
    for (const Segment& segment : in_normalized_.segments(text.text())) {
      if (segment.token) {
        append(out, *segment.token, text.original(segment.range));
      } else {
        encode_words(text.slice(segment.range), out);
      }
    }
  }

  void encode_words(AlignedText text, Encoding& out) const {
    const Words words = pre_tokenizers_.split(std::move(text));
    std::vector<WordToken> tokens;
    for (const Span& word : words.pieces) {
      tokens.clear();
      model_->tokenize(words.text.part(word), tokens);
      for (const WordToken& token : tokens) {
        append(out, token.id,
               words.text.original({word.begin + token.range.begin, word.begin + token.range.end}));
      }
    }
  }

  static void append(Encoding& out, std::int64_t id, Span range) {
    out.ids.push_back(id);
    out.offsets.push_back(range);
  }

  TokenText token_text() const {
    return [this](std::int64_t id) -> std::optional<std::string> {
      const std::string* token = find_token(id);
      const bool left_out =
          token == nullptr || std::binary_search(special_.begin(), special_.end(), id);
      return left_out ? std::nullopt : std::optional(*token);
    };
  }

  const std::string* find_token(std::int64_t id) const {
    const auto shown = shown_.find(id);
    return shown != shown_.end() ? &shown->second : vocabulary_.find(id);
  }

  std::string where_;
  Vocabulary vocabulary_;
  std::vector<std::int64_t> added_;                      // sorted
  std::vector<std::int64_t> special_;                    // sorted
  std::unordered_map<std::int64_t, std::string> shown_;  // added tokens that normalising changes
  AddedTokenFinder in_text_;
  AddedTokenFinder in_normalized_;
  std::unique_ptr<Normalizer> normalizer_;
  PreTokenizerChain pre_tokenizers_;
  WordModelPtr model_;
  PostProcessor post_processor_;
  Decoder decoder_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_json_tokenizer(const nlohmann::json& document,
                                               const std::string& name) {
  try {
    return std::make_unique<JsonTokenizer>(JsonField(document, name));
  } catch (const Error& error) {
    const std::string message = error.what();
    throw Error(message.find(name) == std::string::npos ? name + ": " + message : message);
  }
}

std::unique_ptr<Tokenizer> parse_tokenizer(std::string_view json, const std::string& name) {
  return make_json_tokenizer(parse_json(json, name), name);
}

}  // namespace alarm_dist
