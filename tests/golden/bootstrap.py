# numpy 2.4.6. Percentile bootstrap of a paired difference, for tests/metrics/bootstrap_test.cpp.
# usage: python bootstrap.py
import numpy as np

before = np.array([0.1, 0.4, -0.3, 0.9, 0.2, 0.0, 0.5, -0.1, 0.3, 0.7, 0.6, -0.4])
after = np.array([0.3, 0.5, 1.9, 1.0, 0.1, 0.4, 0.5, 2.6, 0.2, 0.9, 0.8, -0.5])
difference = after - before
ends = []
for seed in range(20):
    draws = np.random.default_rng(seed).integers(0, len(difference), size=(10_000, len(difference)))
    ends.append(np.quantile(difference[draws].mean(axis=1), [0.025, 0.975]))
print(np.__version__, np.mean(ends, axis=0), np.std(ends, axis=0))
