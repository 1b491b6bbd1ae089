# SPDX-License-Identifier: Apache-2.0
"""trl 1.16.0: GRPOTrainer and RLOOTrainer. Their methods _generate_and_score_completions (advantages, overlong
filtering, importance weights) and _compute_loss run whole, on a stub for the trainer whose generation, rewards and
log-probabilities are given numbers."""
import contextlib
from collections import defaultdict
from types import SimpleNamespace

import torch
import trl.trainer.grpo_trainer as grpo
import trl.trainer.rloo_trainer as rloo

from .cases import Accelerator, Stub, differentiate, metrics

EOS, TOKEN, PAD = 1, 0, 2
MODES = [None, "token_truncate", "token_mask", "sequence_truncate", "sequence_mask"]
for module in (grpo, rloo):
    module.disable_gradient_checkpointing = lambda *ignored: contextlib.nullcontext()
    module.gather = module.gather_object = lambda values: values


def completions(case):
    """An answer that was not cut off ends with the end of sequence."""
    return [[TOKEN] * (length - 1) + [TOKEN if cut else EOS] for length, cut in zip(case.lengths, case.truncated)]


def common(case, now):
    """now: what the model under training gives at this moment."""
    model = SimpleNamespace(training=True)
    reference = SimpleNamespace(training=False)

    def logprobs(model, *ignored, **also_ignored):
        values = case.padded(case.reference if model is reference else now["logprobs"], max(case.lengths))
        return values, torch.zeros_like(values), None

    return Stub(
        model=model, ref_model=reference, accelerator=Accelerator(), _tokenizer=SimpleNamespace(pad_token_id=PAD),
        pad_to_multiple_of=None, eos_token_ids=[EOS], tools=None, num_iterations=2,  # so that old log-probabilities are kept
        reward_weights=torch.ones(1),
        num_generations=case.group_size, reward_funcs=[None], reward_func_names=["score"], _metrics=metrics(),
        _logs=defaultdict(list, rewards=defaultdict(list), extra=defaultdict(list)), _pending_extra_logs={},
        _pending_metrics={}, log_multimodal=False, aux_loss_enabled=False,
        _get_per_token_logps_and_entropies=logprobs, _calculate_rewards=lambda *ignored: case.scores[:, None])


def score(trainer, method, case):
    return method(trainer, [{"prompt": "?"} for _ in range(case.responses)])


def make_grpo(case, golden):
    now = {"logprobs": case.old}
    trainer = common(case, now)
    level = "sequence" if case.number % 4 == 2 else "token"
    mode = MODES[case.number % 5]
    prompt = [[TOKEN]] * case.responses
    sampling = None if mode is None else [row.tolist() for row in case.rollout.split(case.lengths)]
    trainer._generate = lambda prompts: (prompt, completions(case), None, ["."] * case.responses, sampling, {}, None, [])
    trainer.args = SimpleNamespace(
        per_device_train_batch_size=case.responses, steps_per_generation=1, gradient_accumulation_steps=1,
        gradient_checkpointing_kwargs=None, use_bias_correction_kl=level == "token" and case.number % 2 == 1,
        delta=1.05 + case.high if case.number % 3 == 0 else None)
    vars(trainer).update(
        environment_factories=None, environments=None, use_vllm=mode is not None,
        vllm_importance_sampling_correction=True, vllm_importance_sampling_mode=mode,
        vllm_importance_sampling_clip_max=case.bound,
        vllm_importance_sampling_clip_min=1 / case.bound if mode and "mask" in mode else None, beta=case.beta,
        multi_objective_aggregation="sum_then_normalize", mask_truncated_completions=case.number % 2 == 1,
        top_entropy_quantile=1., off_policy_mask_threshold=None, importance_sampling_level=level,
        epsilon_low=case.low, epsilon_high=case.high, max_completion_length=case.longest + 2,
        current_gradient_accumulation_steps=1, _entropy_bonus_enabled=False)
    for trainer.scale_rewards in ("group", "none", "batch"):
        now["logprobs"] = case.old
        batch = score(trainer, grpo.GRPOTrainer._generate_and_score_completions, case)
        golden["grpo.advantages_" + trainer.scale_rewards] = case.projection(batch["advantages"])

    def loss(logprobs):
        now["logprobs"] = logprobs
        return grpo.GRPOTrainer._compute_loss(trainer, trainer.model, batch)

    for trainer.loss_type in ("grpo", "dapo", "dr_grpo", "luspo"):
        differentiate(case, golden, "grpo." + trainer.loss_type, loss, case.logprobs)
    trainer.loss_type, trainer.importance_sampling_level, trainer.beta = "cispo", "token", 0.
    trainer.epsilon_high += 1  # CISPO's bound is on the ratio
    differentiate(case, golden, "grpo.cispo", loss, case.logprobs)


def make_rloo(case, golden):
    now = {"logprobs": case.old}
    trainer = common(case, now)
    trainer._generate = lambda prompts: ([[TOKEN]] * case.responses, completions(case), ["."] * case.responses)
    vars(trainer).update(
        args=SimpleNamespace(per_device_train_batch_size=case.responses, gradient_checkpointing_kwargs=None),
        mask_truncated_completions=False, reward_clip_range=None, beta=case.beta, normalize_advantages=False,
        epsilon_low=case.low, epsilon_high=case.high)
    batch = score(trainer, rloo.RLOOTrainer._generate_and_score_completions, case)
    golden["rloo.advantages"] = case.projection(batch["advantages"])

    def loss(logprobs):
        now["logprobs"] = logprobs
        return rloo.RLOOTrainer._compute_loss(trainer, trainer.model, batch)

    differentiate(case, golden, "rloo", loss, case.logprobs)


def make(case):
    golden = {}
    make_grpo(case, golden)
    make_rloo(case, golden)
    return golden
