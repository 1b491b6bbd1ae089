// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <set>

#include "alarm/base/digest.hpp"
#include "alarm/base/error.hpp"
#include "alarm/store/atomic_file.hpp"

#include "store/checked_json.hpp"
#include "store/file_descriptor.hpp"

namespace alarm_dist {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "MANIFEST.json";

struct Listing {
  std::set<fs::path> files;    // relative to the folder, without the manifest
  std::set<fs::path> folders;  // with the folder itself
};

Listing list(const fs::path& dir) {
  ALARM_CHECK(fs::is_directory(dir), "cannot list {}: no such folder", dir.string());
  Listing listing;
  listing.folders.insert(dir);
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (entry.is_directory()) listing.folders.insert(entry.path());
    if (entry.is_regular_file()) listing.files.insert(entry.path().lexically_relative(dir));
  }
  listing.files.erase(kManifest);
  return listing;
}

// A name out of a manifest must stay inside the folder.
bool is_inside(const fs::path& name) {
  return name.is_relative() && !name.empty() && *name.lexically_normal().begin() != "..";
}

void verify_file(const fs::path& dir, const std::string& name, const nlohmann::json& entry) {
  const auto manifest = (dir / kManifest).string();
  ALARM_CHECK(is_inside(name), "{}: '{}' is not a name inside the folder", manifest, name);
  ALARM_CHECK(entry.is_object() && entry.contains("bytes") && entry["bytes"].is_number_unsigned() &&
                  entry.contains("digest") && entry["digest"].is_string(),
              "{}: '{}': expected an object with bytes and digest, found {}", manifest, name,
              entry.dump());
  const fs::path file = dir / name;
  ALARM_CHECK(fs::is_regular_file(file), "{} is missing: {} lists it", file.string(), manifest);
  const auto bytes = entry["bytes"].get<std::uintmax_t>();
  ALARM_CHECK(fs::file_size(file) == bytes, "{} is damaged: expected {} bytes, found {}",
              file.string(), bytes, fs::file_size(file));
  const auto expected = entry["digest"].get<std::string>();
  const auto found = digest_file(file);
  ALARM_CHECK(found == expected, "{} is damaged: expected digest {}, found {}", file.string(),
              expected, found);
}

}  // namespace

void write_manifest(const fs::path& dir) {
  const Listing listing = list(dir);
  nlohmann::json files = nlohmann::json::object();
  for (const auto& name : listing.files) {
    const auto file = dir / name;
    sync_file(open_file(file, O_RDONLY), file);
    files[name.generic_string()] = {{"bytes", fs::file_size(file)}, {"digest", digest_file(file)}};
  }
  // Everything that the manifest vouches for is on the disk before the manifest is.
  for (const auto& folder : listing.folders) sync_folder(folder);
  const nlohmann::json manifest = {{"version", 1}, {"digest", "xxh3-128"}, {"files", files}};
  write_file_atomically(dir / kManifest, manifest.dump(2) + "\n");
}

void verify_manifest(const fs::path& dir) {
  const auto path = dir / kManifest;
  ALARM_CHECK(has_manifest(dir), "{} is not complete: it has no {}", dir.string(), kManifest);
  const auto manifest = parse_json_object(read_whole_file(path), path, "manifest");
  ALARM_CHECK(manifest.contains("files") && manifest["files"].is_object(),
              "{}: expected an object 'files', found none", path.string());
  for (const auto& [name, entry] : manifest["files"].items()) verify_file(dir, name, entry);
}

bool has_manifest(const fs::path& dir) { return fs::is_regular_file(dir / kManifest); }

}  // namespace alarm_dist
