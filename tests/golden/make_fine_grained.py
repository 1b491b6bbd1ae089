# SPDX-License-Identifier: Apache-2.0
"""One update of fine-grained PPO, two epochs, by numpy alone: tests/data/train/fine_grained.json.

numpy 2.x, Python 3.11 (nothing else; the numbers do not depend on the version beyond the last bit):
    /work/oracle/bin/python tests/golden/make_fine_grained.py

The policy is a table of logits, one row for each prompt and beginning of a response (tests/support/tabular_lm.hpp); a row is the
hidden state that the critic's head reads. Rewards have three components, each with a value, a discount, a lambda, a weight and a
share of the KL coefficient of its own. Nothing here is shared with the program; gradients are written out and compared with
finite differences before the file is written.
"""
import json
import pathlib

import numpy as np

PROMPTS, VOCABULARY, LONGEST, EOS = 2, 4, 3, 3
NAMES = ["holistic", "evidence", "grammar"]
SETTINGS = {"coef": 0.3, "clip": 0.2, "value_clip": 0.2, "value_coef": 0.5, "epochs": 2, "lr": 2.0, "critic_lr": 0.4}
TERMS = {"weight": [1.0, 0.6, 1.7], "kl": [0.5, 0.1, 0.4], "gamma": [1.0, 0.9, 0.97], "lambda": [0.95, 1.0, 0.6]}
WHITEN_EPSILON = 1e-8


def first_of_depth():
    firsts = [0]
    for depth in range(LONGEST):
        firsts.append(firsts[-1] + PROMPTS * VOCABULARY**depth)
    return firsts


def rows_of(prompt, tokens):
    """The table's row that predicts each token."""
    firsts, rows, node = first_of_depth(), [], prompt
    for depth, token in enumerate(tokens):
        rows.append(node)
        if depth + 1 < LONGEST:
            node = firsts[depth + 1] + (node - firsts[depth]) * VOCABULARY + token
    return rows


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def gae(rewards, values, gamma, lam):
    advantages, following, advantage = np.zeros_like(rewards), 0.0, 0.0
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + gamma * following - values[t]
        advantage = delta + gamma * lam * advantage
        advantages[t], following = advantage, values[t]
    return advantages


class Batch:
    def __init__(self, rng):
        self.responses = [(0, [0, 2, 1]), (0, [1, 3]), (0, [3]), (1, [2, 2, 3]), (1, [0, 1, 0]), (1, [2, 0, 3])]
        self.rewards = [rng.normal(size=(len(tokens), len(NAMES))) for _, tokens in self.responses]
        self.rows = np.concatenate([rows_of(p, t) for p, t in self.responses]).astype(int)
        self.tokens = np.concatenate([t for _, t in self.responses]).astype(int)

    def logprobs(self, table):
        return log_softmax(table)[self.rows, self.tokens]


def advantages_and_returns(batch, old, reference, values):
    penalized = np.concatenate(batch.rewards) - SETTINGS["coef"] * np.outer(old - reference, TERMS["kl"])
    advantages, begin = np.zeros_like(values), 0
    for _, tokens in batch.responses:
        part = slice(begin, begin + len(tokens))
        for c in range(len(NAMES)):
            advantages[part, c] = gae(penalized[part, c], values[part, c], TERMS["gamma"][c], TERMS["lambda"][c])
        begin += len(tokens)
    summed = advantages @ np.array(TERMS["weight"])
    whitened = (summed - summed.mean()) / np.sqrt(summed.var(ddof=1) + WHITEN_EPSILON)
    return summed, whitened, advantages + values


def policy_loss(table, batch, old, advantages):
    ratio = np.exp(batch.logprobs(table) - old)
    clipped = np.clip(ratio, 1 - SETTINGS["clip"], 1 + SETTINGS["clip"])
    return np.maximum(-advantages * ratio, -advantages * clipped).mean()


def policy_gradient(table, batch, old, advantages):
    ratio = np.exp(batch.logprobs(table) - old)
    clipped = np.clip(ratio, 1 - SETTINGS["clip"], 1 + SETTINGS["clip"])
    free = -advantages * ratio >= -advantages * clipped
    by_token = np.where(free, -advantages * ratio, 0.0) / len(old)
    gradient, p = np.zeros_like(table), np.exp(log_softmax(table))
    for row, token, g in zip(batch.rows, batch.tokens, by_token):
        gradient[row] -= g * p[row]
        gradient[row, token] += g
    return gradient, int((~free).sum())


def value_loss(weight, bias, states, old_values, returns):
    """Sum over the components of each one's mean over tokens."""
    values = states @ weight.T + bias
    near = np.clip(values, old_values - SETTINGS["value_clip"], old_values + SETTINGS["value_clip"])
    return 0.5 * np.maximum((values - returns) ** 2, (near - returns) ** 2).sum() / len(states)


def value_gradient(weight, bias, states, old_values, returns):
    values = states @ weight.T + bias
    near = np.clip(values, old_values - SETTINGS["value_clip"], old_values + SETTINGS["value_clip"])
    by_value = np.where((values - returns) ** 2 >= (near - returns) ** 2, values - returns, 0.0)
    by_value = by_value * SETTINGS["value_coef"] / len(states)
    return by_value.T @ states, by_value.sum(0)


def check_by_differences(f, x, gradient, factor=1.0):
    step = 1e-6
    for index in np.ndindex(x.shape):
        moved = x.copy()
        moved[index] += step
        up = f(moved)
        moved[index] -= 2 * step
        assert abs(factor * (up - f(moved)) / (2 * step) - gradient[index]) < 1e-7, index


def main():
    rng = np.random.default_rng(7)
    batch = Batch(rng)
    nodes = first_of_depth()[-1]
    table, reference = rng.normal(size=(nodes, VOCABULARY)), rng.normal(size=(nodes, VOCABULARY))
    weight, bias = 0.5 * rng.normal(size=(len(NAMES), VOCABULARY)), rng.normal(size=len(NAMES))
    start = {"table": table.copy(), "reference": reference, "weight": weight.copy(), "bias": bias.copy()}

    old = batch.logprobs(table)
    values = table[batch.rows] @ weight.T + bias
    summed, whitened, returns = advantages_and_returns(batch, old, batch.logprobs(reference), values)
    clipped_tokens = []
    for epoch in range(SETTINGS["epochs"]):
        states = table[batch.rows]
        gradient, clipped = policy_gradient(table, batch, old, whitened)
        weight_gradient, bias_gradient = value_gradient(weight, bias, states, values, returns)
        if epoch > 0:  # at the first, the two branches of each maximum meet
            check_by_differences(lambda x: policy_loss(x, batch, old, whitened), table, gradient)
            check_by_differences(lambda x: value_loss(x, bias, states, values, returns), weight, weight_gradient,
                                 SETTINGS["value_coef"])
        clipped_tokens.append(clipped)
        table = table - SETTINGS["lr"] * gradient
        weight, bias = weight - SETTINGS["critic_lr"] * weight_gradient, bias - SETTINGS["critic_lr"] * bias_gradient
    assert clipped_tokens[-1] > 0

    file = {"names": NAMES, "settings": SETTINGS, "terms": TERMS,
            "responses": [{"prompt": p, "tokens": t, "rewards": r.T.tolist()} for (p, t), r in zip(batch.responses, batch.rewards)],
            "start": {k: v.tolist() for k, v in start.items()},
            "advantages": summed.tolist(), "whitened": whitened.tolist(), "returns": returns.tolist(),
            "end": {"table": table.tolist(), "weight": weight.tolist(), "bias": bias.tolist()}}
    path = pathlib.Path(__file__).parents[1] / "data/train/fine_grained.json"
    path.write_text(json.dumps(file, indent=None) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
