// SPDX-License-Identifier: Apache-2.0
// What holds for every data set that is read from a file.
#pragma once

#include "alarm/text/dataset.hpp"

namespace alarm_dist {

// Throws UsageError naming the file when no record is left.
Dataset make_dataset(const std::string& name, std::vector<Record> records, std::int64_t skipped,
                     const std::filesystem::path& file);

}  // namespace alarm_dist
