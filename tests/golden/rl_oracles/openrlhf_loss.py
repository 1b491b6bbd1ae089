# SPDX-License-Identifier: Apache-2.0
"""openrlhf 0.11.2: models/loss.py, models/utils.py, ppo_utils/experience_maker.py and length_penalty.py. aggregate_loss
adds 1e-8 to lengths: taken out of the source. compute_approx_kl and the whitening convert to float32: Tensor.float is
the identity here."""
import inspect
from types import SimpleNamespace

import torch

torch.Tensor.float = torch.Tensor.double
import openrlhf.models.loss as loss  # noqa: E402
import openrlhf.models.utils as utils  # noqa: E402
from openrlhf.trainer.ppo_utils import experience_maker, length_penalty  # noqa: E402

from .cases import Stub, differentiate  # noqa: E402

exec(inspect.getsource(loss.aggregate_loss).replace(" + 1e-8", ""), loss.__dict__)


def losses(case, golden):
    mask, old, advantage, rollout = (case.mask(), case.padded(case.old), case.padded(case.rewards),
                                     case.padded(case.rollout))

    def policy(dual, **options):
        kind = loss.PolicyLoss(case.low, case.high, dual, **options)
        factor = case.scores[:, None] * mask if options.get("policy_loss_type") == "gspo" else advantage
        return lambda x: kind(case.padded(x), old, factor, mask, rollout)[0]

    differentiate(case, golden, "policy.token_mean", policy(case.dual), case.logprobs)
    differentiate(case, golden, "policy.sequence_mean", policy(case.dual, token_level_loss=False), case.logprobs)
    differentiate(case, golden, "gspo", policy(None, policy_loss_type="gspo"), case.logprobs)
    correction = {"token": ("clip", (1e-9, case.cap)), "seq": ("mask", (1 / case.bound, case.bound))}
    for level, (mode, threshold) in correction.items():
        differentiate(case, golden, "policy.corrected_" + level, policy(
            None, is_correction_level=level, is_correction_mode=mode, is_correction_threshold=threshold), case.logprobs)
    differentiate(case, golden, "value", lambda x: loss.ValueLoss(case.value_clip)(
        case.padded(x), case.padded(case.old_values), advantage, mask), case.values)
    for name in ("k1", "k2", "k3"):
        differentiate(case, golden, "kl.unbiased_" + name, lambda x: utils.compute_approx_kl(
            x, case.reference, case.old, name, unbiased_gradient=True).sum(), case.logprobs)


def preferences(case, golden):
    pairs = case.responses // 2
    reference = case.sums(case.reference)
    for name, kind in (("dpo", loss.DPOLoss(case.beta)), ("cdpo", loss.DPOLoss(case.beta, case.smoothing)),
                       ("ipo_sum", loss.DPOLoss(case.beta, ipo=True))):
        differentiate(case, golden, name, lambda x: kind(
            case.sums(x)[:pairs], case.sums(x)[pairs:2 * pairs], reference[:pairs], reference[pairs:2 * pairs])[0],
            case.logprobs)


def advantages(case, golden):
    for estimator in ("gae", "reinforce", "reinforce_baseline", "rloo", "group_norm"):
        advantage = SimpleNamespace(estimator=estimator, gamma=case.gamma if estimator in ("gae", "reinforce") else 1.,
                                    lambd=case.lam, no_std_norm=False)
        args = SimpleNamespace(algo=SimpleNamespace(advantage=advantage), reward=SimpleNamespace(clip_range=None),
                               rollout=SimpleNamespace(n_samples_per_prompt=case.group_size))
        experience = SimpleNamespace(
            rewards=case.scores.clone(), index=list(range(case.responses)), info={}, action_mask=case.mask(),
            kl=case.padded(case.logprobs - case.reference), values=case.padded(case.old_values), returns=None)
        maker = Stub(strategy=SimpleNamespace(args=args), kl_ctl=SimpleNamespace(value=case.beta),
                     advantage_estimator=estimator)
        Maker = experience_maker.RemoteExperienceMaker
        for method in ("get_advantages_and_returns", "get_cumulative_returns"):
            setattr(maker, method, getattr(Maker, method).__get__(maker))
        Maker.compute_advantages_and_returns(maker, [experience])
        golden["experience." + estimator] = case.projection(case.ragged(experience.advantages))


def overlong(case, golden):
    experience = SimpleNamespace(rewards=torch.zeros(case.responses), response_length=torch.tensor(case.lengths))
    length_penalty.apply_overlong_penalty([experience], case.longest, 1 + case.number % case.longest, case.beta)
    golden["overlong"] = case.projection(experience.rewards)


def make(case):
    golden = {}
    losses(case, golden)
    preferences(case, golden)
    advantages(case, golden)
    overlong(case, golden)
    return golden
