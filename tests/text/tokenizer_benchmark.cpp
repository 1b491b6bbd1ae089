// SPDX-License-Identifier: Apache-2.0
// How fast a tokenizer encodes the lines of a file, on one thread; with a third argument also the
// ids and offsets, for tests/golden/compare_tokenizers.py, which compares both with the oracles.
//
// Usage: tokenizer_benchmark TOKENIZER TEXT [OUTPUT]. Prints one JSON line.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "alarm/text/tokenizer.hpp"

namespace alarm_dist {
namespace {

constexpr int kRounds = 2;

std::vector<std::string> read_lines(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

double encode_seconds(const Tokenizer& tokenizer, const std::vector<std::string>& lines) {
  const auto start = std::chrono::steady_clock::now();
  std::size_t tokens = 0;
  for (const std::string& line : lines) tokens += tokenizer.encode(line).ids.size();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return tokens == std::numeric_limits<std::size_t>::max() ? 0 : seconds.count();
}

// Of each line its count of tokens, their ids, their offsets: 64-bit numbers.
void write_encodings(const Tokenizer& tokenizer, const std::vector<std::string>& lines,
                     const char* path) {
  std::ofstream out(path, std::ios::binary);
  const auto put = [&](std::int64_t number) {
    out.write(reinterpret_cast<const char*>(&number), sizeof(number));
  };
  for (const std::string& line : lines) {
    const Encoding encoding = tokenizer.encode(line);
    put(static_cast<std::int64_t>(encoding.ids.size()));
    for (const std::int64_t id : encoding.ids) put(id);
    for (const Span& span : encoding.offsets) {
      put(span.begin);
      put(span.end);
    }
  }
}

int run(const char* tokenizer_path, const char* text_path, const char* output_path) {
  const auto tokenizer = load_tokenizer(tokenizer_path);
  const auto lines = read_lines(text_path);
  std::size_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size();
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < kRounds; ++round) {
    best = std::min(best, encode_seconds(*tokenizer, lines));
  }
  if (output_path != nullptr) write_encodings(*tokenizer, lines, output_path);
  fmt::print(
      "{{\"tokenizer\": \"{}\", \"bytes\": {}, \"seconds\": {:.4f}, \"mb_per_s\": {:.2f}}}\n",
      tokenizer_path, bytes, best, static_cast<double>(bytes) / best / 1e6);
  return 0;
}

}  // namespace
}  // namespace alarm_dist

int main(int count, char** arguments) {
  if (count < 3 || count > 4) {
    std::fputs("usage: tokenizer_benchmark TOKENIZER TEXT [OUTPUT]\n", stderr);
    return 2;
  }
  return alarm_dist::run(arguments[1], arguments[2], count == 4 ? arguments[3] : nullptr);
}
