// SPDX-License-Identifier: Apache-2.0
// Words and blocks of the page. Everything that comes from a file passes through escape().
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alarm_dist::report {

// For text and for attribute values in double quotes; bytes that are not UTF-8 or not printable
// become U+FFFD.
std::string escape(std::string_view text);

// "0.412", "-1.25" with a true minus sign, "12.3k", "4.1M": three significant digits for people;
// "n/a" when not finite.
std::string number(double value);
std::string signed_number(double value);               // with + when it is above zero
std::string percent(double share);                     // "63%"
std::string fixed_number(double value, int decimals);  // with a true minus sign

struct LegendEntry {
  std::string label;
  std::string colour_class;    // "c1" ... "c8", "good", "bad"
  std::string shape = "line";  // line | dot | box | diamond
};

struct Figure {
  std::string title;
  std::string explanation;  // one line for somebody who has not seen such a figure before
  std::vector<LegendEntry> legend = {};
  std::string body;       // SVG or HTML, already safe
  std::string note = {};  // what this run's figure shows, if something can be said
  bool is_wide = false;   // takes the whole row
};
std::string render(const Figure& figure);

// A section with an anchor; the introduction is safe HTML.
std::string section(std::string_view id, std::string_view title, std::string_view introduction,
                    std::string_view body);
std::string grid(const std::vector<std::string>& figures);
std::string missing(std::string_view what);  // a quiet box that says what would be here

}  // namespace alarm_dist::report
