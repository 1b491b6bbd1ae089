// SPDX-License-Identifier: Apache-2.0
#include "metrics/report/html.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "alarm/base/text.hpp"

namespace alarm_dist::report {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kMinus = "\xe2\x88\x92";

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; }

void append_escaped(std::string& out, std::string_view good) {
  for (const char c : good) {
    if (const auto replaced = entity(c); !replaced.empty()) {
      out += replaced;
    } else if (is_control(c) || c == 0x7F) {
      out += kReplacement;
    } else {
      out += c;
    }
  }
}

std::string with_true_minus(const std::string& text) {
  return !text.empty() && text[0] == '-' ? std::string(kMinus) + text.substr(1) : text;
}

// "2.5e-5": two digits, the exponent without zeros in front.
std::string scientific(double value) {
  const auto exponent = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  return fmt::format("{:.1f}e{}", value / std::pow(10.0, exponent), exponent);
}

std::string three_digits(double value) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 0.001) return scientific(value);
  if (size < 1) return fmt::format("{:.3f}", value);
  if (size < 10) return fmt::format("{:.2f}", value);
  if (size < 100) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

std::string legend_entry(const LegendEntry& entry) {
  return fmt::format(R"(<li><span class="key {} {}"></span>{}</li>)", entry.shape,
                     entry.colour_class, escape(entry.label));
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const auto bad = find_invalid_utf8(text);
    append_escaped(out, text.substr(0, bad.value_or(text.size())));
    if (!bad) break;
    out += kReplacement;
    text.remove_prefix(*bad + 1);
  }
  return out;
}

std::string number(double value) {
  if (!std::isfinite(value)) return "n/a";
  struct Unit {
    double size;
    const char* suffix;
  };
  for (const auto& [size, suffix] : std::array<Unit, 3>{{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}}}) {
    const double scale = size == 1e4 ? 1e3 : size;
    if (std::abs(value) >= size) return with_true_minus(three_digits(value / scale) + suffix);
  }
  return with_true_minus(three_digits(value));
}

std::string signed_number(double value) { return (value > 0 ? "+" : "") + number(value); }

std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.0f}%", 100 * share) : "n/a";
}

std::string fixed_number(double value, int decimals) {
  if (!std::isfinite(value)) return "n/a";
  return with_true_minus(fmt::format("{:.{}f}", value, decimals));
}

std::string render(const Figure& figure) {
  std::string legend;
  for (const auto& entry : figure.legend) legend += legend_entry(entry);
  if (!legend.empty()) legend = fmt::format(R"(<ul class="legend">{}</ul>)", legend);
  const std::string note =
      figure.note.empty() ? "" : fmt::format(R"(<p class="note">{}</p>)", figure.note);
  return fmt::format(
             R"(<figure class="card{}"><figcaption><h3>{}</h3><p>{}</p></figcaption>{}{}{}</figure>)",
             figure.is_wide ? " wide" : "", escape(figure.title), escape(figure.explanation),
             legend, figure.body, note) +
         "\n";
}

std::string section(std::string_view id, std::string_view title, std::string_view introduction,
                    std::string_view body) {
  return fmt::format("<section id=\"{}\"><h2>{}</h2><p class=\"lead\">{}</p>\n{}</section>\n", id,
                     escape(title), introduction, body);
}

std::string grid(const std::vector<std::string>& figures) {
  return fmt::format("<div class=\"grid\">{}</div>\n", fmt::join(figures, ""));
}

std::string missing(std::string_view what) {
  return fmt::format("<p class=\"missing\">{}</p>\n", escape(what));
}

}  // namespace alarm_dist::report
