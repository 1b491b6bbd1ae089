// SPDX-License-Identifier: Apache-2.0
// A tokenizer as a tokenizer.json describes it: added tokens, normaliser, pre-tokenizer, model,
// post-processor, decoder.
#include <algorithm>

#include "alarm/base/text.hpp"
#include "alarm/text/tokenizer.hpp"

#include "text/added_tokens.hpp"
#include "text/decoder.hpp"
#include "text/json_field.hpp"
#include "text/normalizer.hpp"
#include "text/post_processor.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/vocabulary.hpp"
#include "text/word_model.hpp"

namespace alarm_dist {
namespace {

std::string_view part(std::string_view text, Span range) {
  return text.substr(static_cast<std::size_t>(range.begin),
                     static_cast<std::size_t>(range.end - range.begin));
}

class JsonTokenizer final : public Tokenizer {
 public:
  explicit JsonTokenizer(const JsonField& document) : where_(document.where()) {
    read_vocabulary(document);
    if (document.has("normalizer")) normalizer_ = make_normalizer(document.at("normalizer"));
    if (document.has("pre_tokenizer")) pre_tokenizer_ = PreTokenizer(document.at("pre_tokenizer"));
    read_model(document.at("model"));
    if (document.has("post_processor")) {
      post_processor_ = PostProcessor(document.at("post_processor"), vocabulary_);
    }
    decoder_ = make_decoder(document.at("decoder"));
  }

  Encoding encode(std::string_view text, const EncodeOptions& options) const override {
    const auto invalid = find_invalid_utf8(text);
    ALARM_CHECK(!invalid, "text to tokenize is not UTF-8 at byte {}", *invalid);
    Encoding out;
    for (const Segment& segment : in_text_.segments(text)) {
      if (segment.token) {
        append(out, *segment.token, segment.range);
      } else {
        encode_plain(AlignedText(part(text, segment.range), segment.range.begin), out);
      }
    }
    post_processor_.apply(out, options);
    return out;
  }

  DecodedText decode(std::span<const std::int64_t> ids) const override {
    std::vector<std::string> pieces;
    pieces.reserve(ids.size());
    Place place = Place::kFirst;
    for (const std::int64_t id : ids) {
      const std::string& token = known_token(id);
      const bool special = std::binary_search(special_.begin(), special_.end(), id);
      pieces.push_back(special ? std::string() : decoder_->bytes(token, place));
      if (!special) place = Place::kLater;
    }
    return join_pieces(pieces);
  }

  std::int64_t vocabulary_size() const override { return vocabulary_.size(); }
  std::optional<std::int64_t> id_of(std::string_view token) const override {
    return vocabulary_.id_of(token);
  }
  std::string token_of(std::int64_t id) const override { return known_token(id); }

 private:
  void read_vocabulary(const JsonField& document) {
    const JsonField entries = document.at("model").at("vocab");
    if (!entries.value().is_object()) entries.refuse("a vocabulary that is not an object");
    for (const auto& [token, id] : entries.value().items()) {
      vocabulary_.add(token, JsonField(id, where_, "model.vocab." + token).integer());
    }
    if (!document.has("added_tokens")) return;
    for (const AddedToken& token : read_added_tokens(document.at("added_tokens"))) {
      vocabulary_.add(token.content, token.id);
      (token.normalized ? in_normalized_ : in_text_).add(token);
      if (token.special) special_.push_back(token.id);
    }
    std::sort(special_.begin(), special_.end());
  }

  void read_model(const JsonField& field) {
    // Old files do not name the model; only BPE has merges.
    const std::string type = field.text_or("type", field.has("merges") ? "BPE" : "WordPiece");
    if (type == "BPE") {
      if (!pre_tokenizer_.byte_level()) field.refuse("BPE without a ByteLevel pre-tokenizer");
      model_ = make_bpe(field, vocabulary_);
    } else if (type == "WordPiece") {
      if (pre_tokenizer_.byte_level()) field.refuse("WordPiece with a ByteLevel pre-tokenizer");
      model_ = make_wordpiece(field, vocabulary_);
    } else {
      field.refuse("model \"" + type + "\"");
    }
  }

  // Text between the added tokens that stand in the input itself.
  void encode_plain(AlignedText plain, Encoding& out) const {
    const AlignedText text = normalizer_ ? normalizer_->apply(plain) : std::move(plain);
    for (const Segment& segment : in_normalized_.segments(text.text())) {
      if (segment.token) {
        append(out, *segment.token, text.original(segment.range));
      } else {
        encode_words(text.slice(segment.range), out);
      }
    }
  }

  void encode_words(AlignedText text, Encoding& out) const {
    std::vector<WordToken> tokens;
    for (const Span& word : pre_tokenizer_.split(text)) {
      tokens.clear();
      model_->tokenize(part(text.text(), word), tokens);
      for (const WordToken& token : tokens) {
        append(out, token.id,
               text.original({word.begin + token.range.begin, word.begin + token.range.end}));
      }
    }
  }

  static void append(Encoding& out, std::int64_t id, Span range) {
    out.ids.push_back(id);
    out.offsets.push_back(range);
  }

  const std::string& known_token(std::int64_t id) const {
    const std::string* token = vocabulary_.find(id);
    ALARM_CHECK(token != nullptr, "{}: no token has id {}; there are {} tokens", where_, id,
                vocabulary_.size());
    return *token;
  }

  std::string where_;
  Vocabulary vocabulary_;
  std::vector<std::int64_t> special_;  // sorted
  AddedTokenFinder in_text_;
  AddedTokenFinder in_normalized_;
  std::unique_ptr<Normalizer> normalizer_;
  PreTokenizer pre_tokenizer_;
  std::unique_ptr<WordModel> model_;
  PostProcessor post_processor_;
  std::unique_ptr<Decoder> decoder_;
};

std::unique_ptr<Tokenizer> make_tokenizer(const nlohmann::json& document, const std::string& name) {
  try {
    return std::make_unique<JsonTokenizer>(JsonField(document, name));
  } catch (const Error& error) {
    const std::string message = error.what();
    throw Error(message.find(name) == std::string::npos ? name + ": " + message : message);
  }
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  const auto file = std::filesystem::is_directory(path) ? path / "tokenizer.json" : path;
  return make_tokenizer(read_json(file), file.string());
}

std::unique_ptr<Tokenizer> parse_tokenizer(std::string_view json, const std::string& name) {
  return make_tokenizer(parse_json(json, name), name);
}

}  // namespace alarm_dist
