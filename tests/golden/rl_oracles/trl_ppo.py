# SPDX-License-Identifier: Apache-2.0
"""trl 1.12.0: PPOTrainer.train() itself, one update of one mini-batch. Generation, the models and the accelerator are
stubs that return given numbers; rewards, whitening, GAE, losses and the backward pass are the trainer's own code, whose
local variables are read where it calls backward."""
import contextlib
import sys
from types import SimpleNamespace

import torch
import trl.experimental.ppo.ppo_trainer as ppo
from trl.experimental.xpo.xpo_trainer import XPOTrainer

from .cases import Accelerator, Stub, differentiate, logits_of, store_gradient

PAD = 2
ppo.gc = SimpleNamespace(collect=lambda: None)
ppo.empty_cache = lambda: None


class Recorder(Accelerator):
    def accumulate(self, model):
        return contextlib.nullcontext()

    def backward(self, loss):
        loss.backward()
        self.seen = dict(sys._getframe(1).f_locals)


def run(case):
    """What train() saw of the case: its variables, its metrics and the leaves of the graph. The pad of each row is its
    answers' end, one value beyond which belongs to the value loss."""
    rows, width = case.responses, case.longest
    policy, values = case.padded(case.logprobs, fill=-1.), with_past(case, case.values, case.past_values)
    leaves = [policy.clone().requires_grad_(True), values.clone().requires_grad_(True)]
    tokens = torch.where(case.mask() > 0, 0, PAD)
    queries = torch.arange(rows)[:, None]  # a query of one token, which tells the stubs their row
    accelerator = Recorder()
    old_values = with_past(case, case.old_values, case.past_old_values)

    def around(inner):  # the trainer cuts a position before the answer and the last one off
        return torch.cat([inner, torch.zeros_like(inner[:, :1])], 1)

    def forward(model, sequences, pad):
        chosen = sequences[:, 0]
        if model == "reference":
            return SimpleNamespace(logits=around(logits_of(case.padded(case.reference, fill=-1.)))[chosen])
        return SimpleNamespace(logits=around(logits_of(leaves[0]))[chosen]), around(leaves[1][:, :, None])[chosen]

    def get_reward(model, sequences, pad, context):
        return around(old_values[:, :, None]), case.scores, None

    ppo.forward, ppo.get_reward = forward, get_reward
    ppo.unwrap_model_for_generation = lambda *a, **k: contextlib.nullcontext(SimpleNamespace(policy="policy"))
    ppo.batch_generation = lambda *ignored: (torch.cat([queries, tokens], 1), logits_of(case.padded(case.old, fill=-1.)))
    args = SimpleNamespace(
        response_length=width, temperature=1 - 1e-7, num_ppo_epochs=1, num_mini_batches=1,
        gradient_accumulation_steps=1, num_total_batches=1, total_episodes=rows, logging_steps=None, eval_steps=None,
        save_steps=None, batch_size=rows, local_rollout_forward_batch_size=rows, ds3_gather_for_generation=False,
        missing_eos_penalty=None, kl_estimator="k3" if case.number % 3 == 2 else "k1", kl_coef=case.beta,
        whiten_rewards=case.number % 4 == 3, gamma=case.gamma, lam=case.lam, local_batch_size=rows,
        local_mini_batch_size=rows, per_device_train_batch_size=rows, cliprange=case.low,
        cliprange_value=case.value_clip, vf_coef=1., num_sample_generations=0)
    nothing = lambda *ignored: None  # noqa: E731
    control = SimpleNamespace(should_save=False)
    handler = SimpleNamespace(on_train_begin=lambda *a: control, on_step_end=lambda *a: control,
                              on_train_end=lambda *a: control)
    logged = {}
    model = SimpleNamespace(policy="policy", value_model="value", train=nothing)
    ppo.PPOTrainer.train(Stub(
        args=args, accelerator=accelerator, model=model, ref_model="reference", reward_model="reward",
        optimizer=SimpleNamespace(step=nothing, zero_grad=nothing), dataloader=[{"input_ids": queries}],
        processing_class=SimpleNamespace(pad_token_id=PAD, eos_token_id=0), state=SimpleNamespace(),
        callback_handler=handler, control=control, is_deepspeed_enabled=False, train_dataset_len=rows,
        stop_token_id=None, log=logged.update, lr_scheduler=SimpleNamespace(get_last_lr=lambda: [0.], step=nothing)))
    return accelerator.seen, logged, [leaf.grad for leaf in leaves]


def with_past(case, ragged, past):
    """A matrix of values, and the one after the last token where the row has room for it."""
    matrix = case.padded(ragged)
    for row, length in enumerate(case.lengths):
        if length < case.longest:
            matrix[row, length] = past[row]
    return matrix


def with_past_ragged(case, matrix):
    return torch.cat([matrix[row, :min(length + 1, case.longest)] for row, length in enumerate(case.lengths)])


def xpo(case):
    """XPO's loss: DPO plus alpha times the log-probability of the reference's own answers."""
    pairs = case.responses // 2
    reference = case.padded(case.reference)
    chosen = case.desirable[:pairs]
    trainer = Stub(args=SimpleNamespace(loss_type="sigmoid"), beta=case.beta, alpha=case.margin * case.beta)

    def loss(logprobs):
        policy = case.padded(logprobs)
        return XPOTrainer._compute_losses(trainer, policy[:pairs], policy[pairs:2 * pairs],
                                          reference[pairs:2 * pairs], reference[:pairs], chosen)[0]

    return loss


def make(case):
    golden = {}
    seen, logged, (policy_gradient, value_gradient) = run(case)
    golden["ppo.rewards"] = case.projection(with_past_ragged(case, seen["rewards"]))
    golden["ppo.advantages"] = case.projection(case.ragged(seen["advantages"]))
    golden["ppo.returns"] = case.projection(case.ragged(seen["returns"]))
    golden["ppo.policy"] = float(seen["pg_loss"].detach())
    golden["ppo.value"] = float(seen["vf_loss"].detach())
    store_gradient(case, golden, "ppo.policy", case.ragged(policy_gradient))
    store_gradient(case, golden, "ppo.value", with_past_ragged(case, value_gradient))
    golden["ppo.clipped"] = round(logged["policy/clipfrac_avg"] * case.tokens)
    differentiate(case, golden, "xpo", xpo(case), case.logprobs)
    return golden
