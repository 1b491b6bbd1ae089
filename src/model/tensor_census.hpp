// SPDX-License-Identifier: Apache-2.0
// The tensors of a file, crossed off by name: none missing, none left over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alarm/store/tensor_file.hpp"

namespace alarm_dist {

// Layers that a config describes: what the names of their tensors begin with, and how many.
struct NamedLayers {
  std::string prefix;
  std::int64_t count = 0;
};

class TensorCensus {
 public:
  // The file is borrowed; the folder is for messages.
  TensorCensus(std::filesystem::path dir, const TensorFile& file);

  const TensorFile& file() const { return file_; }
  bool has(const std::string& name) const { return file_.contains(name); }
  // Throws Error when the file lacks it.
  void need(const std::string& name);
  // Those below are taken where they are there.
  void allow(const std::string& name) { left_.erase(name); }
  void allow_beginning(std::string_view with);
  void allow_ending(std::string_view with);

  // Throws Error naming the first tensor that nobody asked for, and why that may be.
  void check_none_left(const std::vector<NamedLayers>& layers) const;

 private:
  std::filesystem::path dir_;
  const TensorFile& file_;
  std::set<std::string> left_;
};

}  // namespace alarm_dist
