# SPDX-License-Identifier: Apache-2.0
"""A rank killed in mid-step: the job ends and says so, and goes on with the same bits."""
import time
import unittest

from e2e import CONFIG, EndToEnd, Job, Run, set_options

# Steps of some tenths of a second, so that the signal comes in the middle of one.
STEPS = {"run.steps": 8, "rollout.batch": 64, "rollout.group_size": 8, "algorithm.minibatch": 16, "evaluate.every": 4,
         "evaluate.test_prompts": 4}


class RestartTest(EndToEnd):
    def killed(self, path, *, ranks=2, rank=1, launcher=(), settings=None):
        """A job of which one rank is killed in the third step."""
        job = Job("train", CONFIG, "--out", path, *set_options({**STEPS, **(settings or {})}), ranks=ranks, launcher=launcher)
        self.addCleanup(job.close)
        job.wait_for(lambda: Run(path).has_step(2))
        time.sleep(0.05)
        job.kill_rank(rank)
        return job

    def expect_gone(self, job):
        deadline = time.monotonic() + 10
        while job.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(list(job.processes()), [], "processes are left after 10 s")
        self.assertNotEqual(job.process.wait(timeout=10), 0)

    def expect_same_run(self, run, whole):
        self.assertEqual(run.digest(), whole.digest())
        self.assertEqual(run.metrics(), whole.metrics())

    def test_a_killed_rank_ends_the_job_and_resume_has_the_same_bits(self):
        whole = self.train("whole", ranks=2, settings=STEPS)

        job = self.killed(self.folder / "killed")
        self.expect_gone(job)
        said = job.stderr()
        resumed = self.train("killed", "--resume", ranks=2, settings=STEPS)

        self.assertIn("launch/run: rank 1 was killed (signal 9); it was colocated, ", said)
        self.expect_same_run(resumed, whole)

    def test_a_finished_run_goes_on_for_more_steps_with_the_same_bits(self):
        whole = self.train("whole", settings={"run.steps": 4})

        self.train("parts", settings={"run.steps": 2})
        parts = self.train("parts", "--resume", settings={"run.steps": 4})

        # Step 2, the last of the first part, is one that is evaluated and saved in the whole run too.
        self.expect_same_run(parts, whole)

    def test_a_killed_rollout_actor_is_named_by_its_role_and_the_job_recovers_by_itself(self):
        placement = {"placement.rollout": 1, "placement.reward": 1, "placement.learner": 1}
        whole = self.train("whole", ranks=3, settings={**STEPS, **placement})

        job = self.killed(self.folder / "killed", ranks=3, rank=0, launcher=("--restarts", "1"), settings=placement)
        code = job.process.wait(timeout=90)

        self.assertEqual(code, 0, job.stderr())
        self.assertIn("launch/run: rank 0 was killed (signal 9); it was rollout actor, ", job.stderr())
        self.assertIn("start 2 of 2, resuming from the last checkpoint", job.stderr())
        self.expect_same_run(Run(self.folder / "killed"), whole)


if __name__ == "__main__":
    unittest.main()
