// SPDX-License-Identifier: Apache-2.0
// report.html: the run on one self-contained page that works offline, from the files of the run
// directory alone.
//
// Reads config.yaml, provenance.json, metrics.jsonl, samples.jsonl, evaluation.json and
// reward_models.json; each may be missing, and the page then says what would be there. The headline
// takes run.name, policy.model, task.name, algorithm.kind, rewards.compose.kind and .use, and
// placement from the config, and world from the provenance, of which it shows every entry.
#pragma once

#include <filesystem>
#include <string>

namespace alarm_dist {

// The page as text. Throws Error when run_dir is no folder or a file in it is damaged.
std::string make_report(const std::filesystem::path& run_dir);

// Writes run_dir/report.html (complete or not at all) and returns its path.
std::filesystem::path write_report(const std::filesystem::path& run_dir);

}  // namespace alarm_dist
