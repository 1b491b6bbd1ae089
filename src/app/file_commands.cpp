// SPDX-License-Identifier: Apache-2.0
// convert, report: from files to files.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/metrics/report.hpp"
#include "alarm/model/causal_lm.hpp"
#include "alarm/train/config.hpp"

#include "app/commands.hpp"

namespace alarm_dist {
namespace {

struct ConvertOptions {
  std::string model, out, precision = "float32";
};

void convert(const ConvertOptions& options) {
  namespace fs = std::filesystem;
  if (fs::exists(options.out)) throw UsageError(fmt::format("{} exists already", options.out));
  const fs::path out = fs::absolute(options.out);
  const fs::path draft = out.parent_path() / ("." + out.filename().string() + ".part");
  fs::remove_all(draft);
  fs::create_directories(draft);
  const auto made =
      resolve_model(options.model, parse_precision(options.precision, c10::kCPU), draft);
  fs::copy(made, draft / "whole", fs::copy_options::recursive);
  fs::rename(draft / "whole", out);
  fs::remove_all(draft);
  std::printf("%s\n", out.c_str());
}

}  // namespace

void add_convert(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ConvertOptions>();
  auto* command = app.add_subcommand(
      "convert", "Make a Hugging Face directory of a .gguf file, or of one in another type");
  command->add_option("model", options->model, ".gguf file or Hugging Face directory")->required();
  command->add_option("out", options->out, "Folder to make")->required();
  command->add_option("--precision", options->precision, "float32, bfloat16 or float64")
      ->capture_default_str();
  command->callback([=, &chosen] { chosen = [=](Session&) { convert(*options); }; });
}

void add_report(CLI::App& app, Command& chosen) {
  auto run = std::make_shared<std::string>();
  auto* command =
      app.add_subcommand("report", "Make report.html of a run directory again, from its files");
  command->add_option("run", *run, "Run directory")->required()->check(CLI::ExistingDirectory);
  command->callback([=, &chosen] {
    chosen = [=](Session&) {
      if (!std::filesystem::exists(std::filesystem::path(*run) / "metrics.jsonl")) {
        throw UsageError(fmt::format("{} is no run directory: it has no metrics.jsonl", *run));
      }
      std::printf("%s\n", write_report(*run).c_str());
    };
  });
}

}  // namespace alarm_dist
