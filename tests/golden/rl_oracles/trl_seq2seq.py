# SPDX-License-Identifier: Apache-2.0
"""trl 0.11.4: the old PPOTrainer's own forward pass, masks, rewards, advantages and losses of an encoder-decoder, as its step()
calls them, on a stub for the model that returns given numbers.

Its masks of an encoder-decoder leave the first generated token out. That stays here: every response begins with a token of its
own, which no result depends on, so that what the trainer counts are the case's tokens. Rewards are not whitened: it would
whiten the padding behind shorter responses too, and add it to their tokens.
"""
from types import SimpleNamespace

import torch
import transformers
from trl.trainer.ppo_trainer import PPOTrainer

from .cases import Accelerator, Stub, logits_of, store_gradient

assert transformers.__version__ == "4.46.3", transformers.__version__

PAD = 2
FIRST = -.7  # log-probability of the token that is left out
NOT_COUNTED = 3.  # its value, and what stands behind the last token


class Trainer(Stub):
    batched_forward_pass, compute_rewards, _kl_penalty = (PPOTrainer.batched_forward_pass, PPOTrainer.compute_rewards,
                                                          PPOTrainer._kl_penalty)
    compute_advantages, loss = PPOTrainer.compute_advantages, PPOTrainer.loss


class Model:
    """An encoder-decoder that says what is given for the rows that it is asked for."""

    def __init__(self, logprobs, values):
        self.logprobs, self.values = logprobs, values

    def eval(self):
        pass

    def __call__(self, rows, decoder_input_ids, decoder_attention_mask):
        edge = torch.ones(len(rows), 1)
        around = lambda inner, fill: torch.cat([fill * edge, inner[rows], fill * edge], 1)  # noqa: E731
        return logits_of(around(self.logprobs, FIRST)), None, around(self.values, NOT_COUNTED)


def make(case):
    config = SimpleNamespace(mini_batch_size=max(1, case.responses // 2), kl_penalty="mse" if case.number % 3 == 2 else "kl",
                             gamma=case.gamma, lam=case.lam, whiten_rewards=False, cliprange=case.low,
                             cliprange_value=case.value_clip, vf_coef=1., ratio_threshold=1e9)
    trainer = Trainer(config=config, is_encoder_decoder=True, accelerator=Accelerator(), kl_ctl=SimpleNamespace(value=case.beta))
    attention = torch.cat([torch.ones(case.responses, 2), case.mask()], 1).long()
    tokens = torch.where(attention > 0, 0, PAD)
    inputs = {"rows": torch.arange(case.responses), "decoder_input_ids": tokens, "decoder_attention_mask": attention}

    def forward(logprobs, values):
        """(log-probabilities, logits, values, mask) of the counted tokens and what is around them."""
        return trainer.batched_forward_pass(Model(logprobs, values), tokens, tokens, inputs, return_logits=True)

    leaves = [case.padded(case.logprobs, fill=-1.).requires_grad_(True), case.padded(case.values).requires_grad_(True)]
    old, _, old_values, mask = forward(case.padded(case.old, fill=-1.), case.padded(case.old_values))
    reference = forward(case.padded(case.reference, fill=-1.), case.padded(case.values))[0]
    logprobs, logits, values, _ = forward(*leaves)
    assert torch.equal(mask[:, 1:].double(), case.mask()) and mask[:, 0].sum() == 0
    counted = lambda matrix: case.ragged(matrix[:, 1:])  # noqa: E731

    rewards = trainer.compute_rewards(case.scores, old, reference, mask)[0]
    old_values, advantages, returns = trainer.compute_advantages(old_values, rewards, mask)
    policy, value, stats = trainer.loss(old, old_values, logits, values, logprobs, mask, advantages, returns)
    (policy + value).backward()

    golden = {"seq2seq.rewards": case.projection(counted(rewards)), "seq2seq.advantages": case.projection(counted(advantages)),
              "seq2seq.returns": case.projection(counted(returns)), "seq2seq.policy": float(policy.detach()),
              "seq2seq.value": float(value.detach()),
              "seq2seq.clipped": round(float(stats["policy/clipfrac"]) * case.tokens)}
    store_gradient(case, golden, "seq2seq.policy", case.ragged(leaves[0].grad))
    store_gradient(case, golden, "seq2seq.value", case.ragged(leaves[1].grad))
    return golden
