// SPDX-License-Identifier: Apache-2.0
// Versions of what is linked: by asking the library at run time where it can be asked.
#include <CLI/CLI.hpp>
#include <link-grammar/link-includes.h>
#include <mpi.h>
#include <nlohmann/json.hpp>
#include <zmq.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sodium.h>
#include <spdlog/version.h>
#include <unicode/uversion.h>
#include <xxhash.h>

#include "app/build_facts.hpp"
#include "app/provenance.hpp"

namespace alarm_dist {
namespace {

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string whole(text, static_cast<std::size_t>(length));
  return whole.substr(0, whole.find_first_of(",\n"));
}

std::string zmq_version_text() {
  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

std::string pcre2_version() {
  char text[64];
  pcre2_config_8(PCRE2_CONFIG_VERSION, text);
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> versions() {
  return {
      {"alarm-dist", std::string(kVersion) + " (" + kGitHash + ")"},
      {"build", std::string(kBuildType) + ", g++ " + __VERSION__ + ", " + (kCuda ? "CUDA" : "CPU")},
      {"LibTorch", kTorchVersion},
      {"NCCL", kNcclVersion},
      {"MPI", mpi_version()},
      {"ZeroMQ", zmq_version_text()},
      {"sodium", sodium_version_string()},
      {"yaml-cpp", kYamlCppVersion},
      {"spdlog", fmt::format("{}.{}.{}", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
      {"fmt",
       fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                    NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
      {"CLI11", CLI11_VERSION},
      {"PCRE2", pcre2_version()},
      {"ICU", U_ICU_VERSION},
      {"link-grammar", linkgrammar_get_version()},
      {"xxHash", fmt::format("{}", XXH_versionNumber())}};
}

std::string version_text() {
  std::string text;
  for (const auto& [name, version] : versions()) text += fmt::format("{:<14} {}\n", name, version);
  return text;
}

}  // namespace alarm_dist
