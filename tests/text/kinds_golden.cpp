// SPDX-License-Identifier: Apache-2.0
#include "text/kinds_golden.hpp"

#include "support/temp_dir.hpp"

namespace alarm_dist::testing {
namespace {

std::filesystem::path kinds_dir() { return source_dir() / "tests/data/text/kinds"; }

void append_number(std::string& bytes, std::int64_t number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

}  // namespace

nlohmann::json read_kind(const std::string& file) {
  return nlohmann::json::parse(read_file(kinds_dir() / file));
}

std::unique_ptr<Tokenizer> kind_tokenizer(const std::string& name) {
  const bool sentencepiece = name.starts_with("sentencepiece");
  return load_tokenizer(kinds_dir() / (name + (sentencepiece ? ".model" : ".json")));
}

const std::vector<std::string>& kind_names() {
  static const std::vector<std::string> names = {
      "byte_bpe",  "fallback_bpe",      "suffix_bpe",           "unigram",
      "wordpiece", "sentencepiece_bpe", "sentencepiece_unigram"};
  return names;
}

const std::vector<std::string>& hostile_texts() {
  static const auto texts = read_kind("hostile.json")["texts"].get<std::vector<std::string>>();
  return texts;
}

const std::vector<std::string>& hostile_bytes() {
  static const auto texts = [] {
    std::vector<std::string> out;
    const auto golden = read_kind("hostile.json");
    for (const auto& digits : golden["bytes"]) out.push_back(from_hex(digits));
    return out;
  }();
  return texts;
}

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::vector<std::int64_t> flat(const std::vector<Span>& offsets) {
  std::vector<std::int64_t> out;
  for (const Span& span : offsets) out.insert(out.end(), {span.begin, span.end});
  return out;
}

std::string numbers_of(const Encoding& encoding, const std::string& decoded) {
  std::string bytes;
  append_number(bytes, static_cast<std::int64_t>(encoding.ids.size()));
  for (const std::int64_t id : encoding.ids) append_number(bytes, id);
  for (const std::int64_t offset : flat(encoding.offsets)) append_number(bytes, offset);
  return bytes + decoded;
}

}  // namespace alarm_dist::testing
