# SPDX-License-Identifier: Apache-2.0
"""The same run whatever the number of ranks and their roles, and bit for bit the same when nothing changes."""
import json
import os
import unittest

from e2e import EndToEnd

# One optimiser step a step: grad_norm of step 1 is that of the first update, before any weight has moved.
ONE_UPDATE = {"run.steps": 1, "algorithm.minibatch": 16, "algorithm.epochs": 1, "evaluate.test_prompts": 4}
COMPARED = ("reward/total", "reward/holistic", "reward/relevance", "reward/grammar", "kl/k1", "kl/k3", "kl/coef", "entropy",
            "loss/policy", "loss/value", "grad_norm", "grad_norm/critic", "tokens/response", "tokens/prompt")
TOLERANCE = 1e-5  # relative, float32
# At ratio 1 the policy loss is minus the mean of whitened advantages, 0 in exact arithmetic: what is printed is the rounding
# of a sum of terms of size 1, and that is what it is measured against.
SCALE = {"loss/policy": 1.0}


def split(rollout, reward, learner):
    return {"placement.rollout": rollout, "placement.reward": reward, "placement.learner": learner}


class WorldsTest(EndToEnd):
    def expect_same_first_step(self, run, expected):
        self.assertEqual(run.samples(1), expected.samples(1))
        got, wanted = run.metrics()[1], expected.metrics()[1]
        for key in COMPARED:
            self.assertLessEqual(abs(got[key] - wanted[key]), TOLERANCE * max(abs(wanted[key]), SCALE.get(key, 1e-3)),
                                 f"{key}: {got[key]} against {wanted[key]}")

    def expect_complete(self, run):
        report = (run.path / "report.html").read_text(encoding="utf-8")
        self.assertIn("</html>", report)
        rows = json.loads((run.path / "evaluation.json").read_text())
        self.assertTrue({"holistic", "relevance", "grammar"} <= {row["name"] for row in rows["rows"]})

    def compare(self, worlds):
        alone = self.train("alone", settings=ONE_UPDATE)
        self.expect_complete(alone)
        first = alone.metrics()[1]
        for key in ("grad_norm", "grad_norm/critic", "entropy"):
            self.assertGreater(first[key], 1e-3, key)
        for ranks, placement in worlds:
            with self.subTest(ranks=ranks, **placement):
                run = self.train(f"world-{ranks}-{len(placement)}", ranks=ranks, settings={**ONE_UPDATE, **placement})
                self.expect_complete(run)
                self.expect_same_first_step(run, alone)

    def test_one_two_and_four_ranks_colocated_and_split(self):
        self.compare([(1, {}), (2, {}), (4, {}), (4, split(2, 1, 1))])

    @unittest.skipUnless(os.environ.get("ALARM_E2E_SIXTEEN"), "run by the ctest of its own")
    def test_sixteen_ranks_colocated_and_split(self):
        self.compare([(16, {}), (16, split(4, 2, 10))])

    def test_equal_runs_have_equal_bits(self):
        first, second = self.train("first", ranks=2), self.train("second", ranks=2)

        self.assertEqual(sorted(first.metrics()), [0, 1, 2, 3, 4])
        self.assertEqual(first.metrics(), second.metrics())
        self.assertEqual(first.digest(), second.digest())
        for step in range(1, 5):
            self.assertEqual(first.samples(step), second.samples(step))

    def test_another_seed_is_another_run(self):
        first, second = self.train("first"), self.train("second", settings={"run.seed": 8})

        self.assertNotEqual(first.digest(), second.digest())
        self.assertNotEqual(first.samples(1), second.samples(1))


if __name__ == "__main__":
    unittest.main()
