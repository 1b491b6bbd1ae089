// SPDX-License-Identifier: Apache-2.0
// Python's text operations on well-formed UTF-8. Positions and lengths that a template sees count
// characters.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist::jinja {

bool is_space(char32_t code);  // str.isspace(), which is also what \s matches

std::u32string to_characters(std::string_view text);
std::string to_utf8(std::u32string_view characters);

enum class Side { kBoth, kLeft, kRight };
// Without `characters`, white space.
std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> characters = {});

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalize(std::string_view text);    // the first character in title case
std::string title(std::string_view text);         // str.title()
std::string filter_title(std::string_view text);  // the filter |title, which splits otherwise

// npos: not there. Linear in the sizes, whatever the texts.
std::size_t find(std::string_view text, std::string_view part, std::size_t from = 0);
std::size_t find_last(std::string_view text, std::string_view part);
std::size_t count(std::string_view text, std::string_view part);
// count < 0: all.
std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    long long count);
// Without a separator: at runs of white space, and no empty parts. limit < 0: none.
std::vector<std::string_view> split(std::string_view text,
                                    std::optional<std::string_view> separator, long long limit);
std::vector<std::string_view> split_right(std::string_view text,
                                          std::optional<std::string_view> separator,
                                          long long limit);
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

std::string quoted(std::string_view text);  // repr()
std::string escape_html(std::string_view text);
std::string float_text(double number);  // repr() of a float

}  // namespace alarm_dist::jinja
