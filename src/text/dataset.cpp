// SPDX-License-Identifier: Apache-2.0
#include "alarm/text/dataset.hpp"

#include "alarm/base/error.hpp"

#include "text/dataset_checks.hpp"

namespace alarm_dist {

const Record& Dataset::at(std::int64_t index) const {
  ALARM_CHECK(index >= 0 && index < size(), "record {} of data set {}, which has {}", index, name_,
              size());
  return records_[static_cast<std::size_t>(index)];
}

Dataset make_dataset(const std::string& name, std::vector<Record> records, std::int64_t skipped,
                     const std::filesystem::path& file) {
  if (records.empty()) {
    throw UsageError(fmt::format("{}: no records ({} left out as bad)", file.string(), skipped));
  }
  return {name, std::move(records), skipped};
}

}  // namespace alarm_dist
