# SPDX-License-Identifier: Apache-2.0
"""verl 0.9.1: core_algos, DAPORewardManager (soft punishment) and the replay buffer's group filter. The means per
response divide by their length + 1e-8: taken out of the source, nothing else is changed."""
import inspect
from collections import defaultdict
from types import SimpleNamespace

import numpy as np
import torch
import verl.trainer.ppo.core_algos as verl
import verl.utils.torch_functional as verl_F

from .cases import differentiate


def exact_masked_mean(values, mask, axis=None):
    return verl_F.masked_sum(values, mask, axis) / mask.sum(axis=axis)


verl_F.masked_mean = exact_masked_mean
exec(inspect.getsource(verl.agg_loss).replace(" + 1e-8", ""), verl.__dict__)
verl.ActorConfig = type("ActorConfig", (), {"get": lambda self, name, default: getattr(self, name, default)})


def advantages(case, golden):
    mask, index = case.mask(), np.array(case.index())
    rewards, values = case.padded(case.rewards), case.padded(case.old_values)
    whitened, returns = verl.compute_gae_advantage_return(rewards, values, mask, case.gamma, case.lam)
    store = lambda name, matrix: golden.__setitem__(name, case.projection(case.ragged(matrix)))  # noqa: E731
    store("gae.whitened", whitened)
    store("gae.returns", returns)
    store("group.grpo", verl.compute_grpo_outcome_advantage(rewards, mask, index)[0])
    store("group.dr_grpo", verl.compute_grpo_outcome_advantage(rewards, mask, index, norm_adv_by_std_in_grpo=False)[0])
    store("group.rloo", verl.compute_rloo_outcome_advantage(rewards, mask, index)[0])
    config = SimpleNamespace(gamma=case.gamma)
    plus, to_go = verl.compute_reinforce_plus_plus_outcome_advantage(rewards, mask, config)
    store("group.reinforce_plus_plus", plus)
    store("group.reward_to_go", to_go)
    store("group.baseline", verl.compute_reinforce_plus_plus_baseline_outcome_advantage(rewards, mask, index)[0])


def losses(case, golden):
    mask, old, advantage = case.mask(), case.padded(case.old), case.padded(case.rewards)
    config = verl.ActorConfig()
    config.clip_ratio, config.clip_ratio_low, config.clip_ratio_high = case.low, case.low, case.high
    config.clip_ratio_c, config.global_batch_info = case.dual, {}

    def policy(function, mode, per_response=False):
        factor = case.scores[:, None] * mask if per_response else advantage
        return lambda x: function(old, case.padded(x), factor, mask, mode, config)[0]

    vanilla = verl.compute_policy_loss_vanilla
    differentiate(case, golden, "policy.token_mean", policy(vanilla, "token-mean"), case.logprobs)
    differentiate(case, golden, "policy.sequence_mean", policy(vanilla, "seq-mean-token-mean"), case.logprobs)
    golden["policy.sequence_sum"] = float(policy(vanilla, "seq-mean-token-sum")(case.logprobs))
    golden["policy.fixed_length"] = float(policy(vanilla, "seq-mean-token-sum-norm")(case.logprobs))
    differentiate(case, golden, "gspo",
                  policy(verl.compute_policy_loss_gspo, "seq-mean-token-mean", per_response=True), case.logprobs)
    differentiate(case, golden, "cispo", policy(verl.compute_policy_loss_cispo, "token-mean"), case.logprobs)
    differentiate(case, golden, "value", lambda x: verl.compute_value_loss(
        case.padded(x), advantage, case.padded(case.old_values), mask, case.value_clip)[0], case.values)
    for name in ("k1+", "k3+", "low_var_kl"):
        differentiate(case, golden, "kl." + name.replace("low_var_kl", "k3"),
                      lambda x: verl.kl_penalty(x, case.reference, name).sum(), case.logprobs)


class Rows(list):
    """What the reward manager reads of a DataProto."""

    def __init__(self, case):
        mask, self.meta_info = case.mask().long(), {}
        self.batch = {"responses": mask}
        super().__init__(SimpleNamespace(
            batch={"prompts": mask[0, :1], "responses": row, "attention_mask": torch.cat([torch.ones(1).long(), row])},
            non_tensor_batch={"reward_model": {"ground_truth": None}, "data_source": "", "extra_info": {}})
            for row in mask)


def overlong(case, golden):
    """The rewards are float32 there: answers are scored 0, and what is read is the penalty."""
    from verl.workers.reward_manager.dapo import DAPORewardManager

    buffer = 1 + case.number % case.longest
    manager = DAPORewardManager(
        SimpleNamespace(decode=lambda ids, skip_special_tokens: "answer", eos_token="</s>"), 0,
        compute_score=lambda **ignored: torch.zeros(()), max_resp_len=case.longest,
        overlong_buffer_cfg=SimpleNamespace(enable=True, len=buffer, penalty_factor=case.beta, log=True))
    manager._extract_reward_from_rm_scores = lambda *ignored: None
    seen = manager(Rows(case), return_dict=True)["reward_extra_info"]["overlong_reward"]
    golden["overlong"] = case.projection(torch.stack([torch.as_tensor(value).double() for value in seen]))


def dynamic_sampling(case, golden):
    from verl.trainer.ppo.v1 import replay_buffer

    metric = metric_of(case)
    names = {f"{group}_{r}": metric[r] for r, group in enumerate(case.index())}
    replay_buffer.tq = SimpleNamespace(kv_batch_get=lambda keys, **ignored: {"rm_scores": [metric_row(names[key])
                                                                                            for key in keys]})
    groups = {str(group) for group in range(case.group_count)}
    buffer = SimpleNamespace(filter_groups_metric=replay_buffer.FILTER_GROUPS_REWARD_METRIC,
                             finished_keys={"train": groups}, partitions={"train": names},
                             _dapo_classification_cache=defaultdict(dict))
    cls = next(value for value in vars(replay_buffer).values() if hasattr(value, "_dapo_filtered_keys"))
    dropped, _ = cls._dapo_filtered_keys(buffer, "train")
    golden["dynamic_sampling"] = sum(2 ** int(group) for group in dropped)


def metric_row(value):
    return torch.tensor([0., value])


def metric_of(case):
    """0 or 1, right or wrong."""
    return [float(score > .25) for score in case.scores]


def make(case):
    golden = {}
    advantages(case, golden)
    losses(case, golden)
    overlong(case, golden)
    dynamic_sampling(case, golden)
    return golden
