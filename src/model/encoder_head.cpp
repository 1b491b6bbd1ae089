// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_head.hpp"

#include "alarm/base/error.hpp"

namespace alarm_dist {
namespace {

using Kind = EncoderHead::Kind;

const char* const kMeanHead = "score";
const std::string kClassifier = "classifier";

bool is_weight(const TensorFile& file, const std::string& name) {
  return file.contains(name + ".weight");
}

std::int64_t labels_of(const TensorFile& file, const std::string& output) {
  const auto weight = file.get(output + ".weight");
  return weight.dim() == 2 ? weight.size(0) : 1;  // another shape is refused when it is read
}

HeadSpec stored_head(const std::filesystem::path& dir, const TensorFile& file,
                     const EncoderConfig& config) {
  if (is_weight(file, kMeanHead)) return {.head = {}, .output = kMeanHead};
  const std::string behind_dense = kClassifier + ".out_proj";
  if (is_weight(file, behind_dense)) {
    return {.head = {.kind = Kind::kSequence, .labels = labels_of(file, behind_dense)},
            .output = behind_dense,
            .dense = kClassifier + ".dense"};
  }
  if (!is_weight(file, kClassifier)) return {.head = {.drawn = true}, .output = kMeanHead};
  const auto labels = labels_of(file, kClassifier);
  if (config.architecture.ends_with("ForTokenClassification"))
    return {.head = {.kind = Kind::kTokens, .labels = labels}, .output = kClassifier};
  const bool sequence = config.architecture.ends_with("ForSequenceClassification");
  ALARM_CHECK(!sequence || config.pooler,
              "{}: a {} has 'classifier.dense.weight' and 'classifier.out_proj.weight', found "
              "'classifier.weight'",
              dir.string(), config.architecture);
  ALARM_CHECK(sequence,
              "{}: the architecture \"{}\" has a 'classifier.weight'; supported: "
              "{}ForSequenceClassification, {}ForTokenClassification",
              dir.string(), config.architecture, config.class_name, config.class_name);
  return {.head = {.kind = Kind::kSequence, .labels = labels},
          .output = kClassifier,
          .dense = config.pooler_name,
          .activation = *config.pooler};
}

}  // namespace

HeadSpec find_head(const std::filesystem::path& dir, const TensorFile& file,
                   const EncoderConfig& config, const EncoderOptions& options) {
  HeadSpec found = stored_head(dir, file, config);
  const bool one_score = found.head.kind != Kind::kTokens && found.head.labels == 1;
  if (one_score || !options.score_head) return found;
  return {.head = {.drawn = true}, .output = kMeanHead};
}

}  // namespace alarm_dist
