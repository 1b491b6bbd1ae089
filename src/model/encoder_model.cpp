// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "alarm/base/error.hpp"
#include "alarm/model/encoder.hpp"
#include "alarm/store/atomic_file.hpp"

#include "model/checkpoint_names.hpp"
#include "model/encoder_config.hpp"
#include "model/encoder_head.hpp"
#include "model/encoder_layout.hpp"
#include "model/encoder_network.hpp"
#include "model/encoder_weights.hpp"
#include "model/json_file.hpp"
#include "model/model_files.hpp"

namespace alarm_dist {
namespace {

void check_ids(const std::vector<std::int64_t>& ids, std::int64_t limit, const char* what,
               std::size_t sequence) {
  for (const auto id : ids) {
    ALARM_CHECK(id >= 0 && id < limit, "sequence {} of the encoder's batch: {} {} is outside 0..{}",
                sequence, what, id, limit - 1);
  }
}

void append_positions(const EncoderInput& input, const EncoderConfig& config,
                      std::vector<std::int64_t>& positions) {
  std::int64_t next = config.first_position();
  for (const auto token : input.tokens) {
    const bool padding = config.positions_behind_padding && token == config.pad_token;
    positions.push_back(padding ? config.pad_token : next++);
  }
}

class RaggedEncoder final : public EncoderModel {
 public:
  RaggedEncoder(const std::filesystem::path& dir, EncoderConfig config, const TensorFile& file,
                const EncoderOptions& options)
      : options_(options),
        config_(std::move(config)),
        head_(find_head(dir, file, config_, options)),
        weights_(file, config_, head_, options),
        network_(config_, weights_, head_),
        files_(read_model_files(dir)) {}

  std::int64_t hidden_size() const override { return config_.hidden; }
  std::int64_t vocabulary_size() const override { return config_.vocabulary; }
  std::int64_t max_positions() const override { return config_.max_length(); }
  std::int64_t token_types() const override { return config_.types; }
  EncoderHead head() const override { return head_.head; }

  at::Tensor hidden(const std::vector<EncoderInput>& inputs) const override {
    if (inputs.empty()) return empty(config_.hidden, options_.dtype);
    const auto layout = lay_out(inputs);
    return layout.restore_rows(network_.run(embed(inputs, layout), layout));
  }

  at::Tensor logits(const std::vector<EncoderInput>& inputs) const override {
    if (inputs.empty()) return empty(head_.head.labels, head_type());
    const auto layout = lay_out(inputs);
    const auto states_ND = network_.run(embed(inputs, layout), layout);
    if (head_.head.kind == EncoderHead::Kind::kTokens)
      return layout.restore_rows(network_.classify(states_ND));
    return layout.restore_sequences(network_.classify(read(inputs, layout, states_ND)));
  }

  at::Tensor scores(const std::vector<EncoderInput>& inputs) const override {
    const auto& head = head_.head;
    ALARM_CHECK(head.kind != EncoderHead::Kind::kTokens && head.labels == 1,
                "a score is one label for a sequence, the encoder's head has {} for a {}",
                head.labels, head.kind == EncoderHead::Kind::kTokens ? "token" : "sequence");
    return logits(inputs).squeeze(1);
  }

  NamedTensors trainable() const override { return weights_.trainable(); }
  NamedTensors weights() const override { return weights_.all(); }

  void save(const std::filesystem::path& dir) const override {
    std::filesystem::create_directories(dir);
    for (const auto& [name, content] : files_) write_file_atomically(dir / name, content);
    if (head_.head.kind == EncoderHead::Kind::kMean) name_trunk(dir / "config.json");
    name_weights_type(dir, sources_of(weights()));
    write_weights(dir, weights());
  }

 private:
  // Transformers has no class with a mean head; by the trunk's name it loads all that it knows.
  void name_trunk(const std::filesystem::path& file) const {
    if (config_.architecture.empty() || config_.architecture == config_.class_name + "Model")
      return;
    auto json = read_json_object(file);
    json["architectures"] = nlohmann::ordered_json::array({config_.class_name + "Model"});
    write_file_atomically(file, json.dump(2) + "\n");
  }

  EncoderLayout lay_out(const std::vector<EncoderInput>& inputs) const {
    std::vector<EncoderSequence> sequences;
    const std::vector<std::int64_t> usual = head_.head.kind == EncoderHead::Kind::kSequence
                                                ? std::vector<std::int64_t>{0}
                                                : std::vector<std::int64_t>{};
    for (const auto& input : inputs) {
      sequences.push_back({.length = static_cast<std::int64_t>(input.tokens.size())});
      if (!config_.windows.empty()) sequences.back().globals = input.global.value_or(usual);
    }
    return EncoderLayout(std::move(sequences), config_.max_length());
  }

  at::Tensor embed(const std::vector<EncoderInput>& inputs, const EncoderLayout& layout) const {
    std::vector<std::int64_t> tokens, types, positions;
    for (const auto i : layout.order()) {
      const auto& input = inputs[i];
      ALARM_CHECK(input.types.size() == input.tokens.size(),
                  "sequence {} of the encoder's batch has {} tokens and {} segment ids", i,
                  input.tokens.size(), input.types.size());
      check_ids(input.tokens, config_.vocabulary, "token", i);
      if (config_.types > 0) check_ids(input.types, config_.types, "segment id", i);
      tokens.insert(tokens.end(), input.tokens.begin(), input.tokens.end());
      types.insert(types.end(), input.types.begin(), input.types.end());
      append_positions(input, config_, positions);
    }
    const auto on_device = [&](const std::vector<std::int64_t>& ids) {
      return at::tensor(ids, at::kLong).to(options_.device);
    };
    return network_.embed(on_device(tokens), on_device(types), on_device(positions));
  }

  // [B, hidden]: the states that the head rests on, in the layout's order.
  at::Tensor read(const std::vector<EncoderInput>& inputs, const EncoderLayout& layout,
                  const at::Tensor& states_ND) const {
    if (head_.head.kind == EncoderHead::Kind::kMean)
      return at::matmul(pooling(inputs, layout), states_ND.to(head_type()));
    return states_ND.index_select(0, layout.first_rows_B().to(options_.device));
  }

  // [B, N]: row b averages the tokens of the layout's sequence b that its score rests on.
  at::Tensor pooling(const std::vector<EncoderInput>& inputs, const EncoderLayout& layout) const {
    at::Tensor weights_BN =
        at::zeros({static_cast<std::int64_t>(inputs.size()), layout.rows()}, head_type());
    std::int64_t row = 0;
    for (std::size_t place = 0; place < inputs.size(); ++place) {
      const auto& input = inputs[layout.order()[place]];
      const auto length = static_cast<std::int64_t>(input.tokens.size());
      const bool whole = input.pool_begin == 0 && input.pool_end == 0;
      const auto begin = whole ? 0 : input.pool_begin, end = whole ? length : input.pool_end;
      ALARM_CHECK(begin >= 0 && begin < end && end <= length,
                  "sequence {} of the encoder's batch pools tokens {} to {} of {}",
                  layout.order()[place], begin, end, length);
      weights_BN[static_cast<std::int64_t>(place)]
          .narrow(0, row + begin, end - begin)
          .fill_(1.0 / static_cast<double>(end - begin));
      row += length;
    }
    return weights_BN.to(options_.device);
  }

  at::ScalarType head_type() const {
    return options_.dtype == at::kDouble ? at::kDouble : at::kFloat;
  }
  at::Tensor empty(std::int64_t width, at::ScalarType type) const {
    return at::empty({0, width}, at::TensorOptions().dtype(type).device(options_.device));
  }

  EncoderOptions options_;
  EncoderConfig config_;
  HeadSpec head_;
  EncoderWeights weights_;
  EncoderNetwork network_;
  // Read early: the directory may be gone (a checkpoint that was rotated out) when this model is
  // saved.
  std::map<std::string, std::string> files_;
};

}  // namespace

std::unique_ptr<EncoderModel> EncoderModel::load(const std::filesystem::path& dir,
                                                 const EncoderOptions& options) {
  ALARM_CHECK(std::filesystem::is_directory(dir), "{}: expected the folder of an encoder, found {}",
              dir.string(), std::filesystem::exists(dir) ? "a file" : "nothing");
  auto config = read_encoder_config(dir / "config.json");
  const auto file = TensorFile::open(dir);
  auto model = std::make_unique<RaggedEncoder>(dir, std::move(config), file, options);
  check_tensor_names(dir, file);
  return model;
}

}  // namespace alarm_dist
