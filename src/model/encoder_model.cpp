// SPDX-License-Identifier: Apache-2.0
#include <map>

#include <ATen/ATen.h>

#include "alarm/base/error.hpp"
#include "alarm/model/encoder.hpp"
#include "alarm/store/atomic_file.hpp"

#include "model/encoder_config.hpp"
#include "model/encoder_layout.hpp"
#include "model/encoder_network.hpp"
#include "model/encoder_weights.hpp"
#include "model/model_files.hpp"

namespace alarm_dist {
namespace {

std::vector<std::int64_t> lengths_of(const std::vector<EncoderInput>& inputs) {
  std::vector<std::int64_t> lengths;
  for (const auto& input : inputs)
    lengths.push_back(static_cast<std::int64_t>(input.tokens.size()));
  return lengths;
}

void check_ids(const std::vector<std::int64_t>& ids, std::int64_t limit, const char* what,
               std::size_t sequence) {
  for (const auto id : ids) {
    ALARM_CHECK(id >= 0 && id < limit, "sequence {} of the encoder's batch: {} {} is outside 0..{}",
                sequence, what, id, limit - 1);
  }
}

class BertEncoder final : public EncoderModel {
 public:
  BertEncoder(const std::filesystem::path& dir, const EncoderOptions& options)
      : options_(options),
        config_(read_encoder_config(dir / "config.json")),
        weights_(TensorFile::open(dir), config_, options),
        network_(config_, weights_),
        files_(read_model_files(dir)) {}

  std::int64_t hidden_size() const override { return config_.hidden; }
  std::int64_t max_positions() const override { return config_.positions; }

  at::Tensor hidden(const std::vector<EncoderInput>& inputs) const override {
    if (inputs.empty()) return no_rows();
    const EncoderLayout layout(lengths_of(inputs), config_.positions);
    const auto states_ND = network_.run(embed(inputs, layout), layout);
    return layout.restore_rows(states_ND);
  }

  at::Tensor scores(const std::vector<EncoderInput>& inputs) const override {
    if (inputs.empty()) return no_scores();
    const EncoderLayout layout(lengths_of(inputs), config_.positions);
    const auto states_ND = network_.run(embed(inputs, layout), layout);
    return layout.restore_sequences(network_.score(states_ND, pooling(inputs, layout)));
  }

  NamedTensors trainable() const override { return weights_.trainable(); }
  NamedTensors weights() const override { return weights_.all(); }

  void save(const std::filesystem::path& dir) const override {
    std::filesystem::create_directories(dir);
    for (const auto& [name, content] : files_) write_file_atomically(dir / name, content);
    name_weights_type(dir, sources_of(weights()));
    write_weights(dir, weights());
  }

 private:
  at::Tensor embed(const std::vector<EncoderInput>& inputs, const EncoderLayout& layout) const {
    std::vector<std::int64_t> tokens, types;
    for (const auto i : layout.order()) {
      const auto& input = inputs[i];
      ALARM_CHECK(input.types.size() == input.tokens.size(),
                  "sequence {} of the encoder's batch has {} tokens and {} segment ids", i,
                  input.tokens.size(), input.types.size());
      check_ids(input.tokens, config_.vocabulary, "token", i);
      check_ids(input.types, config_.types, "segment id", i);
      tokens.insert(tokens.end(), input.tokens.begin(), input.tokens.end());
      types.insert(types.end(), input.types.begin(), input.types.end());
    }
    const auto on_device = [&](const at::Tensor& ids_N) { return ids_N.to(options_.device); };
    return network_.embed(on_device(at::tensor(tokens, at::kLong)),
                          on_device(at::tensor(types, at::kLong)), on_device(layout.positions_N()));
  }

  // [B, N]: row b averages the tokens of the layout's sequence b that its score rests on.
  at::Tensor pooling(const std::vector<EncoderInput>& inputs, const EncoderLayout& layout) const {
    at::Tensor weights_BN = at::zeros({static_cast<std::int64_t>(inputs.size()), layout.rows()},
                                      options_.dtype == at::kDouble ? at::kDouble : at::kFloat);
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

  at::Tensor no_rows() const {
    return at::empty({0, config_.hidden},
                     at::TensorOptions().dtype(options_.dtype).device(options_.device));
  }
  at::Tensor no_scores() const {
    return at::empty({0}, at::TensorOptions().dtype(at::kFloat).device(options_.device));
  }

  EncoderOptions options_;
  EncoderConfig config_;
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
  return std::make_unique<BertEncoder>(dir, options);
}

}  // namespace alarm_dist
