# SPDX-License-Identifier: Apache-2.0
"""The embedded config's own models in float32: one update that is the same at 1, 4 and 16 ranks, colocated and split.

Takes about ten minutes on two cores, and the reward models of launch/quickstart (models/quickstart-42, or
ALARM_REWARD_MODELS): without them it is skipped (exit code 77).
"""
import os
import sys
import unittest

from e2e import SOURCE, EndToEnd, Run, alarm, set_options
from worlds_test import COMPARED, SCALE, split

MODELS = os.environ.get("ALARM_REWARD_MODELS", "models/quickstart-42")
ONE_UPDATE = {"run.steps": 1, "policy.precision": "float32", "paths.reward_models": MODELS, "rollout.batch": 16,
              "rollout.group_size": 4, "rollout.max_new_tokens": 24, "algorithm.minibatch": 16, "algorithm.epochs": 1,
              "evaluate.every": 0, "evaluate.test_prompts": 4, "evaluate.group_size": 2, "rewards.normalization_samples": 16,
              "checkpoint.every": 0}
TOLERANCE = 1e-5  # relative, float32


class DefaultWorldsTest(EndToEnd):
    def one_update(self, name, ranks, placement):
        path = self.folder / name
        done = alarm("train", "--out", path, *set_options({**ONE_UPDATE, **placement}), ranks=ranks, timeout=900)
        self.assertEqual(done.returncode, 0, done.stderr)
        run = Run(path)
        return run.samples(1), run.metrics()[1]

    def test_the_first_update_does_not_depend_on_the_world(self):
        samples, alone = self.one_update("alone", 1, {})
        for ranks, placement in ((4, split(2, 1, 1)), (16, {}), (16, split(4, 2, 10))):
            with self.subTest(ranks=ranks, **placement):
                theirs, metrics = self.one_update(f"world-{ranks}-{len(placement)}", ranks, placement)
                self.assertEqual(theirs, samples)
                worst = 0.0
                for key in COMPARED:
                    if key not in alone:
                        continue
                    scale = max(abs(alone[key]), SCALE.get(key, 1e-3))
                    worst = max(worst, abs(metrics[key] - alone[key]) / scale)
                    self.assertLessEqual(abs(metrics[key] - alone[key]), TOLERANCE * scale,
                                         f"{key}: {metrics[key]} against {alone[key]}")
                print(f"{ranks} ranks {placement or 'colocated'}: largest relative difference {worst:.2e}", flush=True)


if __name__ == "__main__":
    if not (SOURCE / MODELS / "holistic").is_dir():
        print(f"skipped: {MODELS} is not there; launch/quickstart makes it")
        sys.exit(77)
    unittest.main()
