// SPDX-License-Identifier: Apache-2.0
// convert, report: from files to files.
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "alarm/base/error.hpp"
#include "alarm/metrics/report.hpp"
#include "alarm/model/convert.hpp"

#include "app/commands.hpp"

namespace alarm_dist {
namespace {

const std::map<std::string, at::ScalarType> kTypes = {{"float32", at::kFloat},
                                                      {"bfloat16", at::kBFloat16},
                                                      {"float16", at::kHalf},
                                                      {"float64", at::kDouble}};

struct ConvertOptions {
  std::string model, out, adapter, dtype = "float32";
  bool merge = false;
};

void convert(const ConvertOptions& options) {
  if (options.merge && options.adapter.empty())
    throw UsageError("--merge: expected --adapter DIR, whose adapter is merged");
  const auto type = kTypes.find(options.dtype);
  if (type == kTypes.end()) {
    throw UsageError(
        fmt::format("--dtype {}: expected float32, bfloat16, float16 or float64", options.dtype));
  }
  const auto out = std::filesystem::absolute(options.out);
  convert_model(options.model,
                {.dtype = type->second,
                 .adapter = options.adapter,
                 .place = options.merge ? AdapterPlace::kMerged : AdapterPlace::kBeside},
                out);
  std::printf("%s\n", out.c_str());
}

}  // namespace

void add_convert(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ConvertOptions>();
  auto* command = app.add_subcommand(
      "convert", "Make a Hugging Face directory of a .gguf file, or of one in another type");
  command->add_option("model", options->model, ".gguf file or Hugging Face directory")->required();
  command->add_option("out", options->out, "Folder to make")->required();
  command
      ->add_option("--dtype,--precision", options->dtype, "float32, bfloat16, float16 or float64")
      ->capture_default_str();
  command->add_option("--adapter", options->adapter,
                      "LoRA adapter in PEFT's layout, copied to OUT/adapter");
  command->add_flag("--merge", options->merge, "Add the adapter to the weights instead");
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
