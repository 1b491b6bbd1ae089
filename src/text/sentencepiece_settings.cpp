// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>

#include "text/json_field.hpp"
#include "text/sentencepiece_class.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDecoder = "added_tokens_decoder";
constexpr const char* kMore = "additional_special_tokens";
constexpr std::array kNames = {"bos_token", "eos_token", "unk_token", "sep_token",
                               "pad_token", "cls_token", "mask_token"};

// A JSON file that may be absent: then an empty object.
struct File {
  explicit File(const fs::path& path)
      : name(path.string()), json(fs::exists(path) ? read_json(path) : nlohmann::json::object()) {
    ALARM_CHECK(json.is_object(), "{}: expected an object", name);
  }
  JsonField root() const { return {json, name}; }

  std::string name;
  nlohmann::json json;
};

// A text, or an object with "content" and flags.
AddedToken read_token(const JsonField& field) {
  AddedToken token;
  if (field.value().is_string()) {
    token.content = field.text();
    return token;
  }
  token.content = field.at("content").text();
  token.special = field.boolean_or("special", false);
  token.lstrip = field.boolean_or("lstrip", false);
  token.rstrip = field.boolean_or("rstrip", false);
  if (field.boolean_or("single_word", false))
    field.refuse(
        fmt::format("\"single_word\" of '{}' beside a SentencePiece model", token.content));
  return token;
}

std::int64_t read_id(const std::string& key, const JsonField& field) {
  std::int64_t id = -1;
  const auto end = std::from_chars(key.data(), key.data() + key.size(), id);
  ALARM_CHECK(end.ptr == key.data() + key.size() && id >= 0, "{}: '{}' is no token id",
              field.where(), key);
  return id;
}

class Additions {
 public:
  Additions(const SentencePieces& pieces, const PieceIds& ids, std::string source)
      : pieces_(pieces), ids_(ids), source_(std::move(source)) {}

  // The last word on an id counts.
  void set(std::int64_t id, AddedToken token) {
    ALARM_CHECK(!token.content.empty(), "{}: the token with id {} is empty", source_, id);
    token.id = id;
    by_id_[id] = std::move(token);
  }
  void mark_special(const AddedToken& named) {
    for (auto& [id, token] : by_id_) {
      if (token.content != named.content) continue;
      token.special = true;
      return;
    }
    append(named);
  }
  std::optional<std::int64_t> id_of(const std::string& content) const {
    const auto found = std::ranges::find(
        by_id_, content, [](const auto& entry) -> const auto& { return entry.second.content; });
    return found == by_id_.end() ? std::nullopt : std::optional(found->first);
  }
  std::vector<AddedToken> take() const {
    std::map<std::string, std::int64_t> ids;
    std::vector<AddedToken> tokens;
    for (const auto& [id, token] : by_id_) {
      const auto [other, fresh] = ids.emplace(token.content, id);
      ALARM_CHECK(fresh, "{}: the added token '{}' has two ids, {} and {}", source_, token.content,
                  other->second, id);
      tokens.push_back(token);
    }
    return tokens;
  }

 private:
  // A special token that has no id yet: its piece's, or the next after all.
  void append(AddedToken token) {
    token.special = true;
    const auto id = piece(token.content).value_or(ids_.count() + beyond_the_pieces());
    ALARM_CHECK(!by_id_.contains(id), "{}: the special token '{}' would get id {}, which '{}' has",
                source_, token.content, id, by_id_[id].content);
    set(id, std::move(token));
  }
  std::int64_t beyond_the_pieces() const {
    return std::ranges::count_if(
        by_id_, [&](const auto& entry) { return !piece(entry.second.content).has_value(); });
  }
  std::optional<std::int64_t> piece(const std::string& content) const {
    const auto found = pieces_.find(content);
    return found ? ids_.find(*found) : std::nullopt;
  }

  const SentencePieces& pieces_;
  const PieceIds& ids_;
  std::string source_;
  std::map<std::int64_t, AddedToken> by_id_;
};

// A special token, and what it is called: "bos_token".
struct Named {
  std::string name;
  AddedToken token;
};

using Usual = SentencePieceClass::Special;

// The special tokens by their names, then the unnamed ones, each once. `over` replaces what
// `config` says of a name.
std::vector<Named> special_tokens(const JsonField& config, const JsonField& over,
                                  const SentencePieceClass& kind) {
  std::vector<Named> tokens;
  for (const char* name : kNames) {
    const JsonField& from = over.has(name) ? over : config;
    const bool silenced = from.value().contains(name);  // null: there is none
    if (from.has(name)) {
      tokens.push_back({name, read_token(from.at(name))});
    } else if (const auto found = std::ranges::find(kind.usual, name, &Usual::name);
               found != kind.usual.end() && !silenced) {
      tokens.push_back({name, {.content = std::string(found->content), .lstrip = found->lstrip}});
    }
  }
  for (const JsonField& from : {config, over}) {
    if (!from.has(kMore)) continue;
    for (const JsonField& field : from.at(kMore).elements()) {
      const AddedToken token = read_token(field);
      const auto same = [&](const Named& named) {
        return named.name == kMore && named.token.content == token.content;
      };
      if (std::ranges::none_of(tokens, same)) tokens.push_back({kMore, token});
    }
  }
  return tokens;
}

// T5's sentinels, counted down from behind the pieces; "extra_ids" says how many.
void add_sentinels(const JsonField& config, const std::vector<Named>& specials,
                   const SentencePieces& pieces, Additions& additions) {
  const auto is_sentinel = [](const Named& named) {
    return named.token.content.find("<extra_id_") != std::string::npos;
  };
  const auto named = std::ranges::count_if(specials, is_sentinel);
  const auto count = config.integer_or("extra_ids", 100);
  ALARM_CHECK(named == 0 || named == count,
              "{}: {} tokens like <extra_id_0> are named, but \"extra_ids\" is {}", config.where(),
              named, count);
  for (std::int64_t i = 0; i < count; ++i) {
    additions.set(pieces.count - 1 + count - i, {.content = fmt::format("<extra_id_{}>", i),
                                                 .special = true,
                                                 .lstrip = true,
                                                 .rstrip = true});
  }
}

// What fairseq put around the pieces.
void add_fairseq_tokens(const SentencePieces& pieces, const PieceIds& ids, const std::string& model,
                        Additions& additions) {
  ALARM_CHECK(pieces.find("<unk>") == 0 && pieces.find("<s>") == 1 && pieces.find("</s>") == 2,
              "{}: expected its first pieces to be <unk>, <s> and </s>, as XLM-RoBERTa's are",
              model);
  std::int64_t id = 0;
  for (const char* content : {"<s>", "<pad>", "</s>", "<unk>"})
    additions.set(id++, {.content = content, .special = true});
  additions.set(ids.limit(), {.content = "<mask>", .special = true, .lstrip = true});
}

}  // namespace

SentencePieceSettings read_sentencepiece_settings(const fs::path& model_file,
                                                  const SentencePieces& pieces) {
  const fs::path folder = model_file.parent_path();
  const File config_file(folder / "tokenizer_config.json");
  const JsonField config = config_file.root();
  const bool listed = config.has(kDecoder);
  const File map_file(listed ? fs::path() : folder / "special_tokens_map.json");
  const File added_file(listed ? fs::path() : folder / "added_tokens.json");
  const SentencePieceClass kind = find_sentencepiece_class(model_file, config);
  const auto specials = special_tokens(config, map_file.root(), kind);

  const PieceIds ids(pieces.count, kind.fairseq_ids);
  Additions additions(pieces, ids, config_file.name);
  if (kind.sentinels) add_sentinels(config, specials, pieces, additions);
  if (kind.fairseq_ids) add_fairseq_tokens(pieces, ids, model_file.string(), additions);
  for (const auto& [key, value] : added_file.json.items()) {
    const JsonField id(value, added_file.name, key);
    additions.set(id.integer(), {.content = key});
  }
  if (listed) {
    const JsonField decoder = config.at(kDecoder);
    for (const auto& [key, value] : decoder.value().items())
      additions.set(read_id(key, decoder), read_token(decoder.at(key)));
  }
  for (const auto& [name, token] : specials) additions.mark_special(token);

  const auto mark = [&](std::string_view name, bool wanted) -> SentenceMark {
    const auto found = std::ranges::find(specials, name, &Named::name);
    if (!wanted || found == specials.end()) return {.wanted = wanted};
    return {.wanted = true, .token = additions.id_of(found->token.content)};
  };
  return {.ids = ids,
          .begin = mark(kind.begin, config.boolean_or("add_bos_token", kind.begins)),
          .end = mark(kind.end, config.boolean_or("add_eos_token", kind.ends)),
          .space_before_each = config.boolean_or("legacy", true),
          .added = additions.take()};
}

}  // namespace alarm_dist
