// SPDX-License-Identifier: Apache-2.0
#include "text/vocabulary.hpp"

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {
constexpr std::int64_t kMostIds =
    1 << 24;  // a wild id must not make the table of tokens fill the memory
}  // namespace

void Vocabulary::add(const std::string& token, std::int64_t id) {
  ALARM_CHECK(id >= 0 && id < kMostIds, "token \"{}\" has id {}, expected 0 to {}", token, id,
              kMostIds - 1);
  const auto [entry, added] = ids_.try_emplace(token, id);
  ALARM_CHECK(entry->second == id, "token \"{}\" has two ids, {} and {}", token, entry->second, id);
  if (!added) return;
  const auto slot = static_cast<std::size_t>(id);
  if (slot >= tokens_.size()) tokens_.resize(slot + 1, nullptr);
  ALARM_CHECK(tokens_[slot] == nullptr, "id {} has two tokens, \"{}\" and \"{}\"", id,
              *tokens_[slot], token);
  tokens_[slot] = &entry->first;
}

std::optional<std::int64_t> Vocabulary::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const std::string* Vocabulary::find(std::int64_t id) const {
  const bool inside = id >= 0 && id < static_cast<std::int64_t>(tokens_.size());
  return inside ? tokens_[static_cast<std::size_t>(id)] : nullptr;
}

}  // namespace alarm_dist
