# SPDX-License-Identifier: Apache-2.0
"""Where SELM tries more responses than DPO: the bandit of tests/train/selm_coverage_test.cpp in other regimes, by numpy alone.

numpy 2.4.6, Python 3.11.7; prints the second and third table of docs/method.md, section 7 (15 s):
    OMP_NUM_THREADS=1 python3 tests/golden/selm_regimes.py

One prompt, 50 responses with normal rewards, a table of logits that begins normal. A step draws 4 samples a group, the first of
them greedy unless said otherwise; the best makes a pair with the worst, and the first is y_s. Plain gradient steps. SELM is compared with three DPOs: one that differs
in the optimistic term only; one that draws all its samples; and that one with the initial policy as reference, which is what
`algorithm.kind: dpo` does.
"""
import dataclasses

import numpy as np

RESPONSES, SAMPLES, STEPS, SEEDS, BETA = 50, 4, 40, 40, 0.5
ALPHAS = (-0.5, 0.1, 0.3, 0.5, 1.0)


@dataclasses.dataclass
class Regime:
    name: str
    epochs: int = 4
    rate: float = 1.0
    groups: int = 1
    greedy: bool = True
    frozen_reference: bool = False


REGIMES = (Regime("as in the test"), Regime("one epoch at four times the rate", epochs=1, rate=4), Regime("four times the rate", rate=4),
           Regime("four groups a step", groups=4), Regime("y_s sampled", greedy=False),
           Regime("y_s sampled, one epoch at four times the rate", epochs=1, rate=4, greedy=False),
           Regime("reference never reset", frozen_reference=True))


def softmax(logits):
    e = np.exp(logits - logits.max())
    return e / e.sum()


def choose(regime, p, rewards, uniforms):
    """(chosen, rejected, y_s) of each group, and all samples; chosen is rejected where no sample is better than another."""
    marks, drawn = [], []
    for row in uniforms:
        samples = np.minimum(np.searchsorted(np.cumsum(p), row, side="right"), RESPONSES - 1)
        if regime.greedy:
            samples[0] = p.argmax()
        marks.append((samples[rewards[samples].argmax()], samples[rewards[samples].argmin()], samples[0]))
        drawn.extend(samples.tolist())
    return marks, drawn


def gradient(logits, reference, marks, alpha):
    log_ratio = np.log(softmax(logits)) - np.log(softmax(reference))
    p, total = softmax(logits), np.zeros(RESPONSES)
    for chosen, rejected, sampled in marks:
        push = BETA / (1 + np.exp(BETA * (log_ratio[chosen] - log_ratio[rejected])))
        total[chosen] -= push
        total[rejected] += push
        total[sampled] += alpha * BETA
        total -= alpha * BETA * p
    return total / len(marks)


def run(regime, alpha, seed):
    rewards, logits = np.random.default_rng([seed, 1]).normal(size=(2, RESPONSES))
    uniforms = np.random.default_rng([seed, 2]).random((STEPS, regime.groups, SAMPLES))
    first, tried, regret = logits.copy(), set(), 0.0
    for step in range(STEPS):
        marks, drawn = choose(regime, softmax(logits), rewards, uniforms[step])
        tried |= set(drawn)
        regret += rewards.max() - rewards[drawn].mean()
        reference = first if regime.frozen_reference else logits.copy()
        for _ in range(regime.epochs):
            logits = logits - regime.rate * gradient(logits, reference, marks, alpha)
    return len(tried), regret, rewards.max() - softmax(logits) @ rewards


def run_seeds(regime, alpha):
    """[seed, (responses tried, sum of regret, gap of the last policy)]"""
    return np.array([run(regime, alpha, seed) for seed in range(SEEDS)])


def baselines(regime):
    sampled = dataclasses.replace(regime, greedy=False)
    plans = {"the same plan": regime, "all sampled": sampled, "preset dpo": dataclasses.replace(sampled, frozen_reference=True)}
    return {name: run_seeds(plan, 0.0) for name, plan in plans.items()}


def main():
    for regime in REGIMES:
        selm = {alpha: run_seeds(regime, alpha) for alpha in ALPHAS}
        for name, dpo in baselines(regime).items():
            tried, regret, gap = dpo.mean(0)
            print(f"{regime.name}; DPO, {name}: tries {tried:.1f}, regret {regret:.1f}, gap {gap:.2f}")
            for alpha in ALPHAS:
                difference = selm[alpha] - dpo
                mean, error = difference.mean(0), difference.std(0, ddof=1) / SEEDS**0.5
                print(f"  alpha {alpha:4.1f}: tried {mean[0]:+6.2f} +- {error[0]:.2f}, more {(difference[:, 0] > 0).sum():2} fewer "
                      f"{(difference[:, 0] < 0).sum():2}, regret {mean[1]:+6.2f} +- {error[1]:.2f}, gap {mean[2]:+.2f} +- {error[2]:.2f}")


if __name__ == "__main__":
    main()
