// SPDX-License-Identifier: Apache-2.0
#include "alarm/train/rollout.hpp"

namespace alarm_dist {
namespace {

void put_trace(ByteWriter& writer, const RewardTrace& trace) {
  writer.put<std::uint64_t>(trace.components.size());
  for (const auto& component : trace.components) {
    writer.put_string(component.name);
    writer.put_vector(component.emissions);
    writer.put_vector(component.marks);
    writer.put_string(component.failure);
    writer.put(component.nonfinite);
  }
}

RewardTrace get_trace(ByteReader& reader) {
  RewardTrace trace;
  const auto count = reader.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count; ++i) {
    ComponentTrace component;
    component.name = reader.get_string();
    component.emissions = reader.get_vector<Emission>();
    component.marks = reader.get_vector<Span>();
    component.failure = reader.get_string();
    component.nonfinite = reader.get<bool>();
    trace.components.push_back(std::move(component));
  }
  return trace;
}

void put_rollout(ByteWriter& writer, const Rollout& rollout) {
  writer.put(rollout.step);
  writer.put(rollout.sample_id);
  writer.put(rollout.prompt_group);
  writer.put(rollout.record);
  writer.put_vector(rollout.prompt);
  writer.put_vector(rollout.response);
  writer.put_vector(rollout.sampled_logprobs);
  writer.put_vector(rollout.policy_logprobs);
  writer.put(rollout.finish);
  writer.put(rollout.greedy);
  writer.put(rollout.weights_version);
  writer.put_string(rollout.text);
  writer.put_vector(rollout.token_offsets);
  put_trace(writer, rollout.trace);
}

Rollout get_rollout(ByteReader& reader) {
  Rollout rollout;
  rollout.step = reader.get<std::int64_t>();
  rollout.sample_id = reader.get<std::uint32_t>();
  rollout.prompt_group = reader.get<std::int64_t>();
  rollout.record = reader.get<std::int64_t>();
  rollout.prompt = reader.get_vector<std::int64_t>();
  rollout.response = reader.get_vector<std::int64_t>();
  rollout.sampled_logprobs = reader.get_vector<float>();
  rollout.policy_logprobs = reader.get_vector<float>();
  rollout.finish = reader.get<FinishReason>();
  rollout.greedy = reader.get<bool>();
  rollout.weights_version = reader.get<std::int64_t>();
  rollout.text = reader.get_string();
  rollout.token_offsets = reader.get_vector<Span>();
  rollout.trace = get_trace(reader);
  return rollout;
}

}  // namespace

std::string Rollout::failed_component() const {
  for (const auto& component : trace.components) {
    if (!component.failure.empty()) return component.name;
  }
  return {};
}

Bytes pack_rollouts(std::span<const Rollout> rollouts) {
  ByteWriter writer;
  writer.put<std::uint64_t>(rollouts.size());
  for (const auto& rollout : rollouts) put_rollout(writer, rollout);
  return writer.take();
}

std::vector<Rollout> unpack_rollouts(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  const auto count = reader.get<std::uint64_t>();
  std::vector<Rollout> rollouts;
  for (std::uint64_t i = 0; i < count; ++i) rollouts.push_back(get_rollout(reader));
  return rollouts;
}

}  // namespace alarm_dist
