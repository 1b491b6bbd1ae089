#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden numbers for room rl, float64, from outside implementations; writes tests/data/rl/golden.json.

Made with: python 3.11, torch 2.11.0, numpy 2.4.6, transformers 5.23.0 and the packages of launch/wheels-oracles.lock: verl 0.9.1,
openrlhf 0.11.2, trl 0.11.4; what they import and this does not use are stubs.

Usage: make_rl.py ORACLES OUT.json   (launch/golden --oracles make_rl)
       ORACLES holds the folders verl-0.9.1, openrlhf-0.11.2 and trl-0.11.4

What is taken from where, and which quirk is taken out here so that it does not reach our code:
 - verl core_algos and rollout_corr_helper: means divide by n + 1e-8: divided by n here. Log-ratios are clamped to +-20
   and its k3 to 10: the cases stay inside. token and sequence bounds on "k1" are on rollout / train: symmetric here.
 - trl ppo_trainer.compute_advantages, loss, _kl_penalty and core.masked_*: taken out of the source by name, since the
   module imports half of the ecosystem. clipfrac is float32: stored as a count.
 - openrlhf models/loss.py and get_advantages_and_returns. aggregate_loss adds 1e-8 to lengths: taken out. float32 in
   compute_approx_kl: not used.
Where two of them compute the same thing the script checks that they agree to 1e-12 and one copy is stored.
"""
import ast
import inspect
import json
import pathlib
import sys
import types

from stubs import stub

oracles, out = map(pathlib.Path, sys.argv[1:3])
trl_root, openrlhf_root = oracles / "trl-0.11.4/trl", oracles / "openrlhf-0.11.2/openrlhf"
stub(["ray", "deepspeed", "omegaconf", "hydra", "tensordict", "codetiming", "dill", "orjson"])
sys.path.insert(0, str(oracles / "verl-0.9.1"))

import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_default_dtype(torch.float64)
import verl.trainer.ppo.core_algos as verl  # noqa: E402
import verl.trainer.ppo.rollout_corr_helper as verl_correction  # noqa: E402
import verl.utils.torch_functional as verl_F  # noqa: E402


def exact_masked_mean(values, mask, axis=None):
    return verl_F.masked_sum(values, mask, axis) / mask.sum(axis=axis)


def without_epsilon(function, namespace):
    exec(inspect.getsource(function).replace(" + 1e-8", ""), namespace)
    return namespace[function.__name__]


verl_F.masked_mean = exact_masked_mean
verl_correction.compute_is_metrics = lambda **ignored: {}  # divides by 0 where every weight is 0
verl.agg_loss = without_epsilon(verl.agg_loss, verl.__dict__)
verl.ActorConfig = type("ActorConfig", (), {"get": lambda self, name, default: getattr(self, name, default)})

for package, path in (("openrlhf", openrlhf_root), ("openrlhf.models", openrlhf_root / "models")):
    sys.modules[package] = types.ModuleType(package)
    sys.modules[package].__path__ = [str(path)]
import openrlhf.models.loss as openrlhf  # noqa: E402

openrlhf.aggregate_loss = without_epsilon(openrlhf.aggregate_loss, openrlhf.__dict__)


def take_functions(path, names, namespace):
    """Functions (also methods) of a file by name, without importing it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            node.decorator_list = []
            exec(compile(ast.Module([node], []), str(path), "exec"), namespace)
    return types.SimpleNamespace(**{name: namespace[name] for name in names})


from typing import List, Optional, Tuple  # noqa: E402

trl_space = {"torch": torch, "Optional": Optional, "flatten_dict": lambda stats: stats, "warnings": __import__("warnings")}
take_functions(trl_root / "core.py", ["masked_mean", "masked_var", "masked_whiten", "clip_by_value",
                                            "entropy_from_logits"], trl_space)
trl_space["entropy_from_logits"] = lambda logits: torch.zeros(logits.shape[:2])
trl = take_functions(trl_root / "trainer/ppo_trainer.py", ["compute_advantages", "loss", "_kl_penalty"], trl_space)
openrlhf_gae = take_functions(openrlhf_root / "trainer/ppo_utils/experience_maker.py",
                              ["get_advantages_and_returns", "get_cumulative_returns"],
                              {"torch": torch, "Tuple": Tuple, "List": List})


class Case:
    """Random ragged rows: inputs are rounded so that the file stays small, outputs are computed from the rounded ones."""

    def __init__(self, number):
        rng = np.random.default_rng(number)
        groups = int(rng.integers(1, 4))
        self.groups = [g for g in range(groups) for _ in range(int(rng.integers(2, 4)))]
        rng.shuffle(self.groups)
        rows = len(self.groups)
        longest = 1 if number % 10 == 0 else int(rng.integers(2, 6))
        self.lengths = [int(n) for n in rng.integers(1, longest + 1, rows)]
        self.lengths[int(rng.integers(rows))] = longest
        self.mask = torch.zeros(rows, longest)
        for row, length in enumerate(self.lengths):
            self.mask[row, :length] = 1
        draw = lambda scale: torch.tensor(np.round(rng.normal(0, scale, (rows, longest)), 3)) * self.mask  # noqa: E731
        self.old = draw(.5) - 2 * self.mask
        self.logprobs = self.old + draw(.3)
        self.reference = self.old + draw(.4)
        self.rollout = self.old + draw(.5)
        self.old_values, self.rewards = draw(1), draw(1)
        self.values = self.old_values + draw(.3)
        if number % 10 in (0, 1):  # constant rewards
            self.rewards = .5 * self.mask
        if number % 20 == 0:  # and nothing else that could make advantages differ
            self.old_values = torch.zeros(rows, longest)
        # Off the grid of the inputs: at a tie the oracles split the gradient each in their own way.
        number_between = lambda low, high: float(np.round(rng.uniform(low, high), 3) + .0005)  # noqa: E731
        self.gamma, self.lam = (1.0, .95) if number % 2 else (number_between(.8, 1), number_between(0, 1))
        self.low, self.high, self.dual = number_between(.1, .3), number_between(.1, .4), number_between(1.1, 3)
        self.value_clip, self.beta = number_between(.1, .4), number_between(0, .5)
        self.cap, self.bound = number_between(1.1, 2), number_between(1.1, 2)
        self.k3_bound = number_between(.01, .2)

    def ragged(self, matrix):
        return [float(matrix[row, t]) for row, length in enumerate(self.lengths) for t in range(length)]


def agree(a, b, what):
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    assert torch.allclose(a, b, rtol=1e-12, atol=1e-12), (what, a, b)
    return a


def with_gradient(function, at):
    """The value of function(x) and its gradient at x = at."""
    x = at.clone().requires_grad_(True)
    value = function(x)
    value.backward()
    return value.detach(), x.grad


def advantages(case, golden):
    m = case.mask
    penalized = case.rewards - case.beta * trl._kl_penalty(
        types.SimpleNamespace(config=types.SimpleNamespace(kl_penalty="kl")), case.logprobs, case.reference)
    plain, returns = openrlhf_gae.get_advantages_and_returns(None, case.old_values, penalized, m, case.gamma, case.lam)
    whitened, verl_returns = verl.compute_gae_advantage_return(penalized, case.old_values, m, case.gamma, case.lam)
    config = types.SimpleNamespace(whiten_rewards=False, gamma=case.gamma, lam=case.lam)
    _, trl_whitened, trl_returns = trl.compute_advantages(types.SimpleNamespace(config=config), case.old_values,
                                                          penalized, m)
    agree(returns * m, verl_returns * m, "returns")
    agree(returns * m, trl_returns * m, "returns")
    agree(whitened * m, trl_whitened * m, "whitened")
    golden.update(penalized=case.ragged(penalized), advantages=case.ragged(plain), returns=case.ragged(returns),
                  whitened=case.ragged(whitened))
    golden["kept_mean"] = case.ragged(verl_F.masked_whiten(penalized, m, shift_mean=False))
    return whitened * m


def policy_losses(case, advantage, golden):
    m, n = case.mask, case.mask.sum()

    def by_trl(logprobs):
        config = types.SimpleNamespace(cliprange=case.low, cliprange_value=case.value_clip, vf_coef=1.,
                                       ratio_threshold=1e9)
        loss, _, stats = trl.loss(types.SimpleNamespace(config=config), case.old, case.old_values,
                                  torch.zeros(*m.shape, 2), case.values, logprobs, m, advantage, case.old_values)
        golden["clipped"] = round(float(stats["policy"]["clipfrac"] * n))
        golden["kl"] = float(stats["policy"]["policykl"])
        return loss

    def by_verl(dual, low, high):
        return lambda logprobs: verl.compute_policy_loss.__wrapped__(
            case.old, logprobs, advantage, m, cliprange_low=low, cliprange_high=high, clip_ratio_c=dual)[0]

    def by_openrlhf(dual, low, high, **options):
        loss = openrlhf.PolicyLoss(low, high, dual, **options)
        return lambda logprobs: loss(logprobs, case.old, advantage, m, case.rollout)[0]

    symmetric = with_gradient(by_trl, case.logprobs)
    for other in (by_verl(1e9, case.low, case.low), by_openrlhf(None, case.low, case.low)):
        for ours, theirs in zip(symmetric, with_gradient(other, case.logprobs)):
            agree(ours, theirs, "policy loss")
    dual = with_gradient(by_verl(case.dual, case.low, case.high), case.logprobs)
    for ours, theirs in zip(dual, with_gradient(by_openrlhf(case.dual, case.low, case.high), case.logprobs)):
        agree(ours, theirs, "dual clip")
    golden.update(policy=float(symmetric[0]), policy_gradient=case.ragged(symmetric[1]), dual=float(dual[0]),
                  dual_gradient=case.ragged(dual[1]))
    golden["openrlhf_icepop"] = float(by_openrlhf(None, case.low, case.low, is_correction_level="token",
                                                  is_correction_threshold=(1 / case.bound, case.bound))(case.logprobs))
    golden["openrlhf_geometric"] = float(by_openrlhf(None, case.low, case.low, is_correction_level="seq",
                                                     is_correction_threshold=(1 / case.bound, case.bound))(case.logprobs))
    return by_openrlhf(None, case.low, case.high, token_level_loss=False)


def other_losses(case, advantage, by_openrlhf_sequences, golden):
    m = case.mask
    config = verl.ActorConfig()
    config.clip_ratio, config.clip_ratio_low, config.clip_ratio_high = case.low, case.low, case.high
    config.clip_ratio_c, config.global_batch_info = 1e9, {}

    def vanilla(mode):
        return lambda logprobs: verl.compute_policy_loss_vanilla(case.old, logprobs, advantage, m, mode, config)[0]

    for name, mode in (("token_mean", "token-mean"), ("sequence_mean_token_mean", "seq-mean-token-mean"),
                       ("sequence_mean_token_sum", "seq-mean-token-sum"),
                       ("fixed_length", "seq-mean-token-sum-norm")):
        golden[name] = float(vanilla(mode)(case.logprobs))
    value, gradient = with_gradient(vanilla("seq-mean-token-mean"), case.logprobs)
    agree(value, by_openrlhf_sequences(case.logprobs), "sequence mean")
    golden["sequence_mean_gradient"] = case.ragged(gradient)
    scores = (case.rewards.sum(-1, keepdim=True) - 0.1) * m  # GSPO's advantage is one number a response
    gspo = with_gradient(lambda x: verl.compute_policy_loss_gspo(case.old, x, scores, m, "seq-mean-token-mean", config)[0],
                         case.logprobs)
    loss = openrlhf.PolicyLoss(case.low, case.high, policy_loss_type="gspo")
    for ours, theirs in zip(gspo, with_gradient(lambda x: loss(x, case.old, scores, m)[0], case.logprobs)):
        agree(ours, theirs, "gspo")
    cispo = with_gradient(lambda x: verl.compute_policy_loss_cispo(case.old, x, advantage, m, "token-mean", config)[0],
                          case.logprobs)
    golden.update(gspo=float(gspo[0]), gspo_gradient=case.ragged(gspo[1]), cispo=float(cispo[0]),
                  cispo_gradient=case.ragged(cispo[1]))


def value_losses(case, golden):
    returns = case.rewards  # any numbers will do
    value = with_gradient(lambda v: verl.compute_value_loss(v, returns, case.old_values, case.mask, case.value_clip)[0],
                          case.values)
    other = with_gradient(lambda v: openrlhf.ValueLoss(case.value_clip)(v, case.old_values, returns, case.mask),
                          case.values)
    for ours, theirs in zip(value, other):
        agree(ours, theirs, "value loss")
    golden.update(value=float(value[0]), value_gradient=case.ragged(value[1]))
    golden["value_free"] = float(openrlhf.ValueLoss(None)(case.values, case.old_values, returns, case.mask))
    count = verl.compute_value_loss(case.values, returns, case.old_values, case.mask, case.value_clip)[1]
    golden["value_clipped"] = round(float(count * case.mask.sum()))


def group_advantages(case, golden):
    index = np.array(case.groups)
    per_row = lambda matrix: [float(x) for x in matrix[:, 0]]  # noqa: E731
    arguments = (case.rewards, case.mask, index)
    golden["grpo"] = per_row(verl.compute_grpo_outcome_advantage(*arguments)[0])
    golden["dr_grpo"] = per_row(verl.compute_grpo_outcome_advantage(*arguments, norm_adv_by_std_in_grpo=False)[0])
    golden["rloo"] = per_row(verl.compute_rloo_outcome_advantage(*arguments)[0])
    config = types.SimpleNamespace(gamma=case.gamma)
    plus, to_go = verl.compute_reinforce_plus_plus_outcome_advantage(case.rewards, case.mask, config)
    agree(to_go, openrlhf_gae.get_cumulative_returns(None, case.rewards, case.mask, case.gamma), "reward to go")
    baseline = verl.compute_reinforce_plus_plus_baseline_outcome_advantage(*arguments)[0]
    golden.update(reinforce_plus_plus=case.ragged(plus), reward_to_go=case.ragged(to_go),
                  reinforce_plus_plus_baseline=case.ragged(baseline))


def corrections(case, golden):
    ratio = case.old - case.rollout
    weights = lambda *a, **k: case.ragged(  # noqa: E731
        verl_correction.compute_rollout_correction_weights(ratio, case.mask, *a, **k)[0])
    golden["token_weights"] = weights("token", case.cap)
    golden["token_weights_normalized"] = weights("token", case.cap, rollout_is_batch_normalize=True)
    golden["sequence_weights"] = weights("sequence", case.cap)
    golden["icepop_weights"] = weights("token", f"{1 / case.bound!r}_{case.bound!r}")
    kept = lambda *a: [int(x) for x in case.ragged(  # noqa: E731
        verl_correction.compute_rollout_rejection_mask(ratio, case.mask, *a)[0])]
    golden["kept_geometric"] = kept("seq_mean_k1", f"{1 / case.bound!r}_{case.bound!r}")
    golden["kept_k3"] = kept("seq_mean_k3", str(case.k3_bound))


def kl(case, golden):
    for name in ("k1", "k2", "k3"):
        value, gradient = with_gradient(
            lambda x: (verl.kl_penalty_forward(x, case.reference, name) * case.mask).sum(), case.logprobs)
        golden[name] = float(value)
        if name != "k1":
            golden[name + "_gradient"] = case.ragged(gradient)


def make(number):
    case, golden = Case(number), {}
    advantage = advantages(case, golden)
    sequences = policy_losses(case, advantage, golden)
    other_losses(case, advantage, sequences, golden)
    value_losses(case, golden)
    group_advantages(case, golden)
    corrections(case, golden)
    kl(case, golden)
    names = ["rewards", "old_values", "values", "logprobs", "old", "reference", "rollout"]
    inputs = {name: [round(x, 3) for x in case.ragged(getattr(case, name))] for name in names}
    numbers = {name: getattr(case, name)
               for name in ["gamma", "lam", "low", "high", "dual", "value_clip", "beta", "cap", "bound", "k3_bound"]}
    return {"groups": [int(g) for g in case.groups], "lengths": case.lengths, **inputs, **numbers, "golden": golden}


def controller():
    theirs = verl.AdaptiveKLController(.2, 6, 10000)
    steps = []
    for kl_now, samples in [(9, 256), (2, 64), (6.3, 512), (6, 1), (100, 10000), (-1, 10000)]:
        theirs.update(kl_now, samples)
        steps.append([kl_now, samples, float(theirs.value)])
    return steps


def shorten(value):
    """13 digits: a tenth of a thousandth of what the tests compare."""
    if isinstance(value, float):
        return float(f"{value:.13g}")
    if isinstance(value, list):
        return [shorten(item) for item in value]
    if isinstance(value, dict):
        return {key: shorten(item) for key, item in value.items()}
    return value


cases = [make(number) for number in range(100)]
lines = ",\n".join(json.dumps(shorten(case), separators=(",", ":")) for case in cases)
out.write_text(f'{{"controller":{json.dumps(controller())},\n"cases":[\n{lines}]}}\n')
print(f"{len(cases)} cases, {sum(sum(c['lengths']) for c in cases)} tokens, {out.stat().st_size} bytes")
