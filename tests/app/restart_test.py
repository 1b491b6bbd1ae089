# SPDX-License-Identifier: Apache-2.0
"""A rank killed in mid-step, or a job told to stop: it ends and says so, and goes on with the same bits."""
import signal
import subprocess
import time
import unittest

from e2e import CONFIG, SOURCE, EndToEnd, Job, Run, environment, set_options

# Rank 1 crashes at once, as one does that is in MPI_Init, the first N times that it is started.
CRASHES = """
[ "$OMPI_COMM_WORLD_RANK" = 1 ] || exit 0
for i in $(seq "$2"); do mkdir "$1/$i" 2>/dev/null && kill -SEGV $$; done
exit 0
"""
# Steps of some tenths of a second, so that the signal comes in the middle of one.
STEPS = {"run.steps": 8, "rollout.batch": 64, "rollout.group_size": 8, "algorithm.minibatch": 16, "evaluate.every": 4,
         "evaluate.test_prompts": 4}


class RestartTest(EndToEnd):
    def in_third_step(self, path, *, ranks=2, launcher=(), settings=None):
        job = Job("train", CONFIG, "--out", path, *set_options({**STEPS, **(settings or {})}), ranks=ranks, launcher=launcher)
        self.addCleanup(job.close)
        job.wait_for(lambda: Run(path).has_step(2))
        time.sleep(0.05)
        return job

    def killed(self, path, *, rank=1, **options):
        """A job of which one rank is killed in the third step."""
        job = self.in_third_step(path, **options)
        job.kill_rank(rank)
        return job

    def expect_stopped(self, job, run):
        """It ends with 143 after the step it was in, says where it is, and that step is in a checkpoint."""
        self.assertEqual(job.process.wait(timeout=60), 143, job.stderr())
        self.assertEqual(list(job.processes()), [], "processes are left")
        done = max(run.metrics())
        self.assertLess(done, STEPS["run.steps"])
        self.assertIn(f"stopped by a signal after step {done} of 8, which is saved in {run.path}", job.stderr())
        self.assertTrue((run.path / f"checkpoints/step-{done:06}/MANIFEST.json").exists())
        self.assertFalse((run.path / "evaluation.json").exists(), "it went on to the comparison at the end")

    def expect_gone(self, job):
        deadline = time.monotonic() + 10
        while job.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(list(job.processes()), [], "processes are left after 10 s")
        self.assertNotEqual(job.process.wait(timeout=10), 0)

    def expect_same_run(self, run, whole):
        self.assertEqual(run.digest(), whole.digest())
        self.assertEqual(run.metrics(), whole.metrics())

    def crashes_early(self, times, **stdin):
        folder = self.folder / str(times)
        folder.mkdir()
        return subprocess.run([SOURCE / "launch/run", "-n", "2", "sh", "-c", CRASHES, "sh", folder, str(times)], cwd=SOURCE,
                              env=environment(), capture_output=True, text=True, timeout=60, **(stdin or {"stdin": subprocess.DEVNULL}))

    def test_a_crash_before_the_ranks_have_met_is_tried_again_twice(self):
        passed, failed = self.crashes_early(2), self.crashes_early(3)

        self.assertEqual(passed.returncode, 0, passed.stderr)
        again = "rank 1 was killed (signal 11) while MPI started; nothing was done yet: starting again"
        self.assertEqual(passed.stderr.count(again), 2, passed.stderr)
        self.assertEqual(failed.returncode, 1, failed.stderr)
        self.assertEqual(failed.stderr.count(again), 2, failed.stderr)
        self.assertIn("rank 1 was killed (signal 11); it was not yet started", failed.stderr)

    def test_lines_that_a_launcher_may_have_read_are_not_started_again_without(self):
        failed = self.crashes_early(1, input="{}\n")

        self.assertEqual(failed.returncode, 1, failed.stderr)
        self.assertNotIn("starting again", failed.stderr)

    def test_a_killed_rank_ends_the_job_and_resume_has_the_same_bits(self):
        # etpo: with a critic of its own and a target that follows it.
        for kind in ("ppo", "etpo"):
            with self.subTest(kind=kind):
                settings = {**STEPS, "algorithm.kind": kind}
                whole = self.train(f"{kind}-whole", ranks=2, settings=settings)

                job = self.killed(self.folder / f"{kind}-killed", settings=settings)
                self.expect_gone(job)
                said = job.stderr()
                resumed = self.train(f"{kind}-killed", "--resume", ranks=2, settings=settings)

                self.assertIn("launch/run: rank 1 was killed (signal 9); it was colocated, ", said)
                self.expect_same_run(resumed, whole)

    def test_a_job_told_to_stop_saves_its_step_and_resume_has_the_same_bits(self):
        # But for the best step's, no checkpoint is due before the end.
        settings = {**STEPS, "checkpoint.every": 0}
        whole = self.train("whole", ranks=2, settings=settings)
        ways = {"one rank is told": lambda job: job.kill_rank(1, signal.SIGUSR1),
                "the launcher is told": lambda job: job.process.send_signal(signal.SIGUSR1),
                "the launcher is asked to end": lambda job: job.process.send_signal(signal.SIGTERM)}
        for number, (way, tell) in enumerate(ways.items()):
            with self.subTest(way):
                path = self.folder / f"stopped-{number}"
                job = self.in_third_step(path, settings=settings)
                tell(job)
                self.expect_stopped(job, Run(path))
                resumed = self.train(path.name, "--resume", ranks=2, settings=settings)
                self.expect_same_run(resumed, whole)

    def test_a_process_without_a_launcher_stops_too(self):
        path = self.folder / "alone"
        job = self.in_third_step(path, ranks=0)
        job.process.send_signal(signal.SIGUSR1)
        self.expect_stopped(job, Run(path))

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
