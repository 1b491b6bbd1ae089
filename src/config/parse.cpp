// SPDX-License-Identifier: Apache-2.0
#include "config/parse.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "alarm/base/error.hpp"
#include "alarm/base/text.hpp"

namespace alarm_dist::config {
namespace {

using Places = std::function<std::string(int line)>;  // line counts from 0

// Aliases copy what they name: a few nested ones would otherwise fill the memory.
constexpr std::size_t kMaxNodes = 100'000;

// yaml-cpp 0.7 takes the end of the text for the closing quote, so that a truncated file would
// pass. A comment behind the text shows up inside a scalar that was never closed.
constexpr std::string_view kEndMark = "# alarm-dist: the text ends here";

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

// Listens to the parser and builds the tree. Events rather than YAML::Node, which hides repeated
// keys, loses the place of an alias and does not tell `5` from `"5"`.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Places places, std::string_view text) : places_(std::move(places)), text_(text) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add({.kind = Node::Kind::kNull,
         .place = places_(mark.line),
         .entries = {},
         .left_out = !is_written(mark)},
        anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(mark, "an alias stands inside the value that it names");
    Node copy = found->second;
    copy.place = places_(mark.line);
    add(std::move(copy), YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    reject_tag(mark, tag);
    if (text.find(kEndMark) != std::string::npos)
      fail(mark, "not valid YAML: a quote opens here and never closes");
    const auto kind = tag == "!" ? Node::Kind::kQuoted : Node::Kind::kPlain;
    add({.kind = kind, .place = places_(mark.line), .text = text, .entries = {}}, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    reject_tag(mark, tag);
    open(Node::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    reject_tag(mark, tag);
    open(Node::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor;
    std::optional<Entry> pending;  // a key that waits for its value
  };

  // The parser tells `key: ~` and `key:` alike; for the second it points at whatever comes next.
  bool is_written(const YAML::Mark& mark) const {
    auto rest = text_.substr(std::min(text_.size(), static_cast<std::size_t>(mark.pos)));
    if (rest.starts_with('&')) {  // an anchor stands before the word
      rest.remove_prefix(std::min(rest.size(), rest.find_first_of(" \t\n")));
      rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \t")));
    }
    constexpr std::string_view kWords[] = {"~", "null", "Null", "NULL"};
    return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view word) {
      constexpr std::string_view kBehindAValue = " \t\r\n,}]#";
      return rest.starts_with(word) &&
             (rest.size() == word.size() ||
              kBehindAValue.find(rest[word.size()]) != kBehindAValue.npos);
    });
  }

  [[noreturn]] void fail(const YAML::Mark& mark, std::string_view message) const {
    throw UsageError(fmt::format("{}: {}", places_(mark.line), message));
  }

  void reject_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    fail(mark, fmt::format("tags are not supported, got '{}'", tag));
  }

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    stack_.push_back(
        {{.kind = kind, .place = places_(mark.line), .entries = {}}, anchor, std::nullopt});
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    nodes_ += anchor == YAML::NullAnchor && node.is_scalar() ? 1 : count_nodes(node);
    if (nodes_ > kMaxNodes) {
      throw UsageError(fmt::format("{}: more than {} values once the aliases are resolved",
                                   node.place, kMaxNodes));
    }
    if (stack_.empty()) {
      root_ = std::move(node);
    } else if (Frame& top = stack_.back(); top.node.kind == Node::Kind::kList) {
      top.node.items.push_back(std::move(node));
    } else if (top.pending) {
      top.pending->value = std::move(node);
      top.node.entries.push_back(std::move(*top.pending));
      top.pending.reset();
    } else {
      begin_entry(top, node);
    }
  }

  void begin_entry(Frame& map, const Node& key) {
    if (!key.is_scalar()) {
      throw UsageError(fmt::format("{}: expected a word as key, got {}", key.place, describe(key)));
    }
    if (const Entry* first = map.node.find(key.text)) {
      throw UsageError(fmt::format("{}: {}: duplicate key, first at {}", key.place,
                                   path_to(key.text), first->place));
    }
    map.pending = Entry{key.text, key.place, {}};
  }

  std::string path_to(const std::string& key) const {
    std::string path;
    for (const auto& frame : stack_) {
      if (frame.pending) path = join_key(path, frame.pending->key);
    }
    return join_key(path, key);
  }

  Places places_;
  std::string_view text_;
  Node root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
};

void check_utf8(const std::string& text, const Places& places) {
  const auto bad = find_invalid_utf8(text);
  if (!bad) return;
  const auto line =
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*bad), '\n');
  throw UsageError(fmt::format("{}: not valid UTF-8: byte 0x{:02x}", places(static_cast<int>(line)),
                               static_cast<unsigned char>(text[*bad])));
}

Node parse(const std::string& text, const Places& places_in_text) {
  const auto last_line =
      static_cast<int>(std::count(text.begin(), text.end(), '\n')) - (text.ends_with('\n') ? 1 : 0);
  const Places places = [&](int line) {
    return places_in_text(std::clamp(line, 0, std::max(last_line, 0)));
  };
  check_utf8(text, places);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const auto shown = text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
  const auto whole = fmt::format("{}{}{}\n", shown, text.ends_with('\n') ? "" : "\n", kEndMark);
  std::istringstream stream(whole);
  TreeBuilder builder(places, whole);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder))
      return {.kind = Node::Kind::kNull, .place = places(0), .entries = {}};
    if (TreeBuilder second(places, whole); parser.HandleNextDocument(second)) {
      throw UsageError(
          fmt::format("{}: expected one YAML document, got a second one", second.take().place));
    }
  } catch (const YAML::Exception& error) {
    throw UsageError(fmt::format("{}: not valid YAML: {}", places(error.mark.line), error.msg));
  }
  return builder.take();
}

}  // namespace

Node parse_document(const std::string& name, const std::string& text) {
  Node root = parse(text, [&](int line) { return fmt::format("{}:{}", name, line + 1); });
  if (root.kind == Node::Kind::kNull) root.kind = Node::Kind::kMap;
  if (root.kind != Node::Kind::kMap) {
    throw UsageError(fmt::format("{}: expected a mapping of keys to values, got {}", root.place,
                                 describe(root)));
  }
  return root;
}

Node parse_override(const std::string& assignment) {
  const std::string place = fmt::format("--set {}", assignment);
  const auto equals = assignment.find('=');
  if (equals == std::string::npos) {
    throw UsageError(fmt::format("{}: expected key=value, as in optimizer.lr=1e-5", place));
  }
  Node value = parse(assignment.substr(equals + 1), [&](int) { return std::string(place); });
  value.left_out = false;  // whoever gives an option without a value means something by it
  std::string path(trim(std::string_view(assignment).substr(0, equals)));
  while (true) {
    const auto dot = path.rfind('.');
    const auto key = path.substr(dot == std::string::npos ? 0 : dot + 1);
    if (key.empty()) throw UsageError(fmt::format("{}: a part of the key is empty", place));
    Node map{.kind = Node::Kind::kMap, .place = place, .entries = {}};
    map.entries.push_back({key, place, std::move(value)});
    value = std::move(map);
    if (dot == std::string::npos) return value;
    path.resize(dot);
  }
}

}  // namespace alarm_dist::config
