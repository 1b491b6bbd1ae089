// SPDX-License-Identifier: Apache-2.0
#include "train/policy_loader.hpp"

namespace alarm_dist {

c10::Device rank_device(const TrainConfig& config, const World& world) {
  if (config.policy.device != "cuda") return c10::kCPU;
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(world.local_rank()));
}

std::unique_ptr<CausalLm> load_policy(const TrainConfig& config, const World& world) {
  const auto device = rank_device(config, world);
  const auto dtype = parse_precision(config.policy.precision, device);
  const auto dir = resolve_model(config.policy.model, dtype, config.paths.cache);
  return CausalLm::load(dir, {.dtype = dtype,
                              .device = device,
                              .lora = true,
                              .adapter = config.policy.lora,
                              .seed = static_cast<std::uint64_t>(config.run.seed)});
}

std::unique_ptr<Tokenizer> load_policy_tokenizer(const TrainConfig& config,
                                                 const CausalLm& policy) {
  const auto dir = policy_dir(config, policy);
  auto tokenizer = load_tokenizer(dir);
  check_tokenizer_fits(policy.shape(), tokenizer->id_limit(), dir.string());
  return tokenizer;
}

std::filesystem::path policy_dir(const TrainConfig& config, const CausalLm& policy) {
  return resolve_model(config.policy.model, policy.dtype(), config.paths.cache);
}

}  // namespace alarm_dist
