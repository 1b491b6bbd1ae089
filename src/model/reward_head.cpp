// SPDX-License-Identifier: Apache-2.0
#include "alarm/model/reward_head.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/Functions.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/base/random.hpp"
#include "alarm/store/atomic_file.hpp"

#include "model/config_file.hpp"
#include "model/json_file.hpp"
#include "model/score_names.hpp"
#include "model/weight_order.hpp"

namespace alarm_dist {
namespace {

constexpr double kDeviation = 0.02;
constexpr std::int64_t kNoPadding = -1;

constexpr const char* kClassifier = "ForSequenceClassification";

// Rows of the sequence that ends with the segment, its first token first.
std::vector<std::int64_t> rows_of(const RaggedBatch& batch, int segment) {
  std::vector<std::int64_t> rows;
  for (; segment >= 0; segment = batch.segments[static_cast<std::size_t>(segment)].parent) {
    const Segment& part = batch.segments[static_cast<std::size_t>(segment)];
    for (auto row = part.end - 1; row >= part.begin; --row) rows.push_back(row);
  }
  std::ranges::reverse(rows);
  return rows;
}

// Rows where sequences are read.
std::vector<std::int64_t> read_rows(const RaggedBatch& batch, const ScoreHead& head) {
  std::vector<bool> continued(batch.segments.size(), false);
  for (const Segment& segment : batch.segments) {
    if (segment.parent >= 0) continued[static_cast<std::size_t>(segment.parent)] = true;
  }
  std::vector<std::int64_t> read;
  for (std::size_t i = 0; i < batch.segments.size(); ++i) {
    if (continued[i]) continue;
    const auto rows = rows_of(batch, static_cast<int>(i));
    ALARM_CHECK(!rows.empty(), "sequence {} of a batch has no tokens to score", read.size());
    std::vector<std::int64_t> tokens;
    for (const auto row : rows) tokens.push_back(batch.tokens[static_cast<std::size_t>(row)]);
    read.push_back(rows[head.read_place(tokens)]);
  }
  return read;
}

// The token that transformers takes for padding wherever it stands; -1: none.
std::int64_t padding_of(const std::filesystem::path& dir) {
  const ConfigFile config(dir / "config.json");
  if (!config.has("architectures")) return kNoPadding;
  const bool classifies = std::ranges::any_of(
      config.texts("architectures"), [](const auto& name) { return name.ends_with(kClassifier); });
  const auto tokens = config.numbers("pad_token_id");
  return classifies && !tokens.empty() ? tokens.front() : kNoPadding;
}

std::string find_head(const std::filesystem::path& dir, const TensorFile& file) {
  std::vector<std::string> expected;
  for (const std::string_view name : kScoreHeads) {
    auto tensor = fmt::format("{}.weight", name);
    if (file.contains(tensor)) return std::string(name);
    expected.push_back(fmt::format("'{}'", tensor));
  }
  throw Error(fmt::format("{}: a decoder without a score head; expected {} among its weights",
                          dir.string(), fmt::join(expected, " or ")));
}

// A weight of another shape is refused when it is read.
std::int64_t labels_of(const TensorFile& file, const std::string& head) {
  const auto weight = file.get(head + ".weight");
  return weight.dim() == 2 ? weight.size(0) : 1;
}

// "LlamaForCausalLM" -> "LlamaForSequenceClassification".
std::string classifier_name(const std::string& architecture) {
  for (const std::string ending :
       {"ForCausalLM", "LMHeadModel", kClassifier, "ForTokenClassification", "Model"}) {
    if (architecture.ends_with(ending))
      return architecture.substr(0, architecture.size() - ending.size()) + kClassifier;
  }
  return architecture;
}

}  // namespace

bool is_score_tensor(const std::string& name) {
  return std::ranges::any_of(
      kScoreHeads, [&](const char* head) { return name.starts_with(std::string(head) + "."); });
}

bool is_head_tensor(const std::string& name) {
  return name.starts_with("lm_head.") || name.starts_with("embed_out.") || is_score_tensor(name);
}

void name_classifier(const std::filesystem::path& path, std::int64_t labels) {
  auto config = read_json_object(path);
  if (config.contains("architectures")) {
    for (auto& name : config["architectures"]) name = classifier_name(name.get<std::string>());
  }
  auto names = nlohmann::ordered_json::object(), numbers = nlohmann::ordered_json::object();
  for (std::int64_t label = 0; label < labels; ++label) {
    const auto name = "LABEL_" + std::to_string(label);
    names[std::to_string(label)] = name;
    numbers[name] = label;
  }
  config["id2label"] = names;
  config["label2id"] = numbers;
  write_file_atomically(path, config.dump(2) + "\n");
}

ScoreHead::ScoreHead(std::string name, const at::Tensor& weight_LD, const at::Tensor& bias_L,
                     const CausalLm& trunk)
    : name_(std::move(name)) {
  const auto type = trunk.dtype() == at::kDouble ? at::kDouble : at::kFloat;
  const auto leaf = [&](const at::Tensor& stored) {
    return stored.to(trunk.device(), type, /*non_blocking=*/false, /*copy=*/true)
        .requires_grad_(true);
  };
  weight_LD_ = leaf(weight_LD);
  if (bias_L.defined()) bias_L_ = leaf(bias_L);
}

ScoreHead ScoreHead::load(const std::filesystem::path& dir, const CausalLm& trunk) {
  const auto file = TensorFile::open(dir);
  const auto name = find_head(dir, file);
  const auto labels = labels_of(file, name);
  const auto weight = file.get(name + ".weight", {labels, trunk.shape().hidden});
  const auto bias =
      file.contains(name + ".bias") ? file.get(name + ".bias", {labels}) : at::Tensor();
  ScoreHead head(name, weight, bias, trunk);
  head.padding_ = padding_of(dir);
  return head;
}

std::int64_t ScoreHead::count_labels(const std::filesystem::path& dir) {
  const auto file = TensorFile::open(dir);
  return labels_of(file, find_head(dir, file));
}

ScoreHead ScoreHead::draw(const CausalLm& trunk, std::int64_t labels, Bias bias,
                          std::uint64_t seed) {
  auto weight = at::empty({labels, trunk.shape().hidden}, at::kFloat);
  for (std::int64_t i = 0; i < weight.numel(); ++i) {
    const DrawKey key{
        .seed = seed, .purpose = Purpose::kHeadInit, .token = static_cast<std::uint32_t>(i)};
    weight.mutable_data_ptr<float>()[i] = static_cast<float>(kDeviation * draw_normal(key));
  }
  return {"score", weight, bias == Bias::kZero ? at::zeros({labels}) : at::Tensor(), trunk};
}

std::size_t ScoreHead::read_place(std::span<const std::int64_t> tokens) const {
  std::size_t place = tokens.size() - 1;
  while (place > 0 && tokens[place] == padding_) --place;
  // Nothing but padding: transformers reads the first token, and so does the loop above.
  return place;
}

at::Tensor ScoreHead::operator()(const at::Tensor& states_MD) const {
  const auto bias = bias_L_.defined() ? std::optional(bias_L_) : std::nullopt;
  return at::linear(states_MD.to(weight_LD_.scalar_type()), weight_LD_, bias);
}

NamedTensors ScoreHead::trainable() const {
  NamedTensors tensors{{name_ + ".weight", weight_LD_}};
  if (bias_L_.defined()) tensors.emplace_back(name_ + ".bias", bias_L_);
  return tensors;
}

at::Tensor score_sequences(const CausalLm& trunk, const ScoreHead& head, const RaggedBatch& batch,
                           Adapter adapter) {
  const auto rows =
      at::tensor(read_rows(batch, head), at::TensorOptions(at::kLong)).to(trunk.device());
  return head(trunk.hidden(batch, adapter).index_select(0, rows));
}

at::Tensor score_each_token(const CausalLm& trunk, const ScoreHead& head, const RaggedBatch& batch,
                            Adapter adapter) {
  return head(trunk.hidden(batch, adapter));
}

void save_reward_model(const CausalLm& trunk, const ScoreHead& head,
                       const std::filesystem::path& dir) {
  trunk.save(dir);
  name_classifier(dir / "config.json", head.labels());
  NamedTensors tensors = head.trainable();
  for (auto& [name, tensor] : tensors) tensor = tensor.detach().to(trunk.dtype());
  const auto file = TensorFile::open(dir);
  for (const auto& name : in_fused_order(file.names())) {
    if (!is_head_tensor(name)) tensors.emplace_back(name, file.get(name));
  }
  write_weights(dir, tensors);
}

}  // namespace alarm_dist
