// SPDX-License-Identifier: Apache-2.0
// Which records are about the same document.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "alarm/text/dataset.hpp"

namespace alarm_dist {

// Records with equal `document`, documents in the order of their first records.
class DocumentGroups {
 public:
  explicit DocumentGroups(const Dataset& dataset) {
    std::map<std::string_view, std::size_t> known;
    for (std::size_t r = 0; r < dataset.records().size(); ++r) {
      const auto [at, fresh] = known.try_emplace(dataset.records()[r].document, groups_.size());
      if (fresh) groups_.emplace_back();
      groups_[at->second].push_back(r);
      group_of_.push_back(at->second);
    }
  }

  std::size_t size() const { return groups_.size(); }
  const std::vector<std::size_t>& records(std::size_t group) const { return groups_[group]; }
  std::size_t group_of(std::size_t record) const { return group_of_[record]; }

 private:
  std::vector<std::vector<std::size_t>> groups_{};
  std::vector<std::size_t> group_of_{};
};

}  // namespace alarm_dist
