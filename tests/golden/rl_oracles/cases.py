# SPDX-License-Identifier: Apache-2.0
"""The random ragged batches of make_rl_oracles.py: every number is a function of the case, so that the golden file
holds results only. tests/rl/oracle_case.hpp is the same in C++."""
from collections import defaultdict
from types import SimpleNamespace

import torch

SEED = 5
TEST = 1000  # Purpose::kTest of alarm/base/random.hpp
LIMIT = 0xFFFFFFFF


def philox(counter, key):
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(second >> 32) ^ counter[1] ^ key[0], second & LIMIT, (first >> 32) ^ counter[3] ^ key[1],
                   first & LIMIT]
        key = [(key[0] + 0x9E3779B9) & LIMIT, (key[1] + 0xBB67AE85) & LIMIT]
    return counter


class Stream:
    """Streams of draws, in the order of oracle_case.hpp."""
    (SHAPE, LENGTHS, OLD, POLICY, REFERENCE, ROLLOUT, OLD_VALUES, VALUES, REWARDS, SCORES, PAST_OLD_VALUES, PAST_VALUES,
     TRUNCATED, DESIRABLE, SETTINGS, PROJECTION) = range(16)


class Case:
    """R responses in groups of equal size, one group after the other; T tokens end to end."""

    def __init__(self, number):
        self.number, self.weights = number, []
        self.group_count = 1 + self.below(Stream.SHAPE, 0, 3)
        self.group_size = 2 + self.below(Stream.SHAPE, 1, 3)
        self.responses = self.group_count * self.group_size
        self.longest = 1 if number % 10 == 0 else 2 + self.below(Stream.SHAPE, 2, 4)
        self.lengths = [1 + self.below(Stream.LENGTHS, r, self.longest) for r in range(self.responses)]
        self.tokens = sum(self.lengths)
        tokens, rows = self.tokens, self.responses
        self.old = self.between(Stream.OLD, tokens, -2.5, -.7)
        self.logprobs = self.old + self.between(Stream.POLICY, tokens, -.5, .5)
        self.reference = self.old + self.between(Stream.REFERENCE, tokens, -.5, .5)
        self.rollout = self.old + self.between(Stream.ROLLOUT, tokens, -.5, .5)
        self.old_values = self.between(Stream.OLD_VALUES, tokens, -1, 1)
        self.values = self.old_values + self.between(Stream.VALUES, tokens, -.5, .5)
        self.past_old_values = self.between(Stream.PAST_OLD_VALUES, rows, -1, 1)
        self.past_values = self.past_old_values + self.between(Stream.PAST_VALUES, rows, -.5, .5)
        self.rewards = self.between(Stream.REWARDS, tokens, -1, 1)
        self.scores = self.between(Stream.SCORES, rows, -1, 1)
        if number % 10 in (0, 1):
            self.rewards, self.scores = torch.full((tokens,), .5), torch.full((rows,), .25)
        self.truncated = self.between(Stream.TRUNCATED, rows, 0, 1) < .3
        self.desirable = self.between(Stream.DESIRABLE, rows, 0, 1) < .6
        names = ["gamma", "lam", "low", "high", "dual", "value_clip", "beta", "cap", "bound", "smoothing",
                 "margin", "good", "bad"]
        bounds = [(.8, 1), (.5, 1), (.1, .3), (.1, .4), (1.2, 1.5), (.1, .4), (.05, .5), (1.1, 1.5), (1.1, 2),
                  (.05, .4), (.1, 1), (.5, 2), (.5, 2)]
        for index, (name, (low, high)) in enumerate(zip(names, bounds)):
            setattr(self, name, low + (high - low) * self.uniform(Stream.SETTINGS, index))

    def draw(self, stream, index):
        words = philox([TEST, self.number, stream, index], [SEED, 0])
        return words[0] << 32 | words[1]

    def uniform(self, stream, index):
        return (self.draw(stream, index) >> 11) * 2.**-53

    def below(self, stream, index, n):
        return self.draw(stream, index) * n >> 64

    def between(self, stream, count, low, high):
        return torch.tensor([low + (high - low) * self.uniform(stream, i) for i in range(count)])

    def mask(self):
        return self.padded(torch.ones(self.tokens))

    def padded(self, ragged, width=None, fill=0.):
        """T values as a matrix of a row a response, differentiable."""
        width = width or self.longest
        rows = [torch.cat([row, torch.full((width - len(row),), fill)]) for row in ragged.split(self.lengths)]
        return torch.stack(rows)

    def ragged(self, matrix):
        return torch.cat([matrix[row, :length] for row, length in enumerate(self.lengths)])

    def sums(self, ragged):
        return torch.stack([row.sum() for row in ragged.split(self.lengths)])

    def index(self):
        return [r // self.group_size for r in range(self.responses)]

    def projection(self, values):
        """One number for many, in which each counts differently."""
        values = torch.as_tensor(values).double().flatten().tolist()
        while len(self.weights) < len(values):
            self.weights.append(self.uniform(Stream.PROJECTION, len(self.weights)) - .5)
        return sum(weight * value for weight, value in zip(self.weights, values))


def differentiate(case, golden, name, function, point):
    """Stores the value of the function at the point and the projection of its gradient there."""
    leaf = point.detach().clone().requires_grad_(True)
    value = function(leaf)
    value.backward()
    golden[name] = float(value.detach())
    store_gradient(case, golden, name, leaf.grad)


def store_gradient(case, golden, name, gradient):
    golden[name + ".gradient"] = case.projection(gradient)


def logits_of(logprobs):
    """Logits over the tokens {0: the one taken, 1: the others, 2: the pad} whose log-softmax at 0 is the argument, with
    the derivative 1."""
    return torch.stack([logprobs, torch.log(-torch.expm1(logprobs)), torch.full_like(logprobs, -80)], -1)


class Stub(SimpleNamespace):
    """Stands for a trainer: attributes, and nothing else."""


class Accelerator:
    """One process, no device."""
    device, num_processes, process_index, sync_gradients = torch.device("cpu"), 1, 0, True

    def gather(self, values):
        return values

    gather_for_metrics = unwrap_model = gather

    def reduce(self, values, reduction):
        return values

    def print(self, *ignored):
        pass


def metrics():
    return defaultdict(lambda: defaultdict(list))
