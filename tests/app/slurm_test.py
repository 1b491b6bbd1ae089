# SPDX-License-Identifier: Apache-2.0
"""Two nodes of two ranks each under SLURM, in network namespaces (cluster/local-slurm). Needs root and slurm-wlm; skipped without."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from e2e import BINARY, CONFIG, SOURCE, EndToEnd, Run, environment, set_options

TOOLS = ("slurmctld", "slurmd", "munged", "ip", "unshare")
STEPS = {"run.steps": 8, "rollout.batch": 64, "rollout.group_size": 8, "algorithm.minibatch": 16, "evaluate.every": 4,
         "evaluate.test_prompts": 4}
# A batch job that is told to stop in its third step, and waited for until it is through.
STOP_AND_WAIT = """
set -e
job=$(sbatch --parsable --nodes=2 --ntasks-per-node=2 --output="$1/job.log" cluster/slurm.sbatch "$1/stopped" "${@:2}")
until grep -qs '"step":2,' "$1/stopped/metrics.jsonl"; do squeue -h -j "$job" | grep -q .; sleep 0.1; done
scancel --signal=USR1 "$job"
until grep -qs '"finished"' "$1/stopped/provenance.json"; do squeue -h -j "$job" | grep -q .; sleep 0.2; done
while squeue -h -j "$job" | grep -q .; do sleep 0.2; done
echo "restarts: $(scontrol show job "$job" | sed -n 's/.*Restarts=\\([0-9]*\\).*/\\1/p')"
"""


class SlurmTest(EndToEnd):
    def setUp(self):
        # The nodes have a /tmp of their own.
        parent = pathlib.Path(os.environ.get("ALARM_BINARY_DIR", SOURCE / "build"))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="slurm-", dir=parent))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def on_cluster(self, *command):
        done = subprocess.run([SOURCE / "cluster/local-slurm", "-n", "2", *map(str, command)], cwd=SOURCE, timeout=200,
                              env=environment(ALARM_DIST=BINARY), capture_output=True, text=True)
        log = self.folder / "job.log"
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + (log.read_text() if log.exists() else ""))
        return done

    def expect_hosts(self, run):
        self.assertIn('"hosts": [\n    "node1",\n    "node1",\n    "node2",\n    "node2"\n  ]',
                      (run.path / "provenance.json").read_text())

    def test_two_nodes_train_and_a_stopped_job_is_requeued_and_has_the_same_bits(self):
        settings = set_options(STEPS)
        self.on_cluster("sbatch", "--wait", "--nodes=2", "--ntasks-per-node=2", f"--output={self.folder}/job.log",
                        "cluster/slurm.sbatch", self.folder / "whole", CONFIG, *settings)
        whole = Run(self.folder / "whole")
        self.expect_hosts(whole)

        said = self.on_cluster("bash", "-c", STOP_AND_WAIT, "bash", self.folder, CONFIG, *settings)

        stopped = Run(self.folder / "stopped")
        log = (self.folder / "job.log").read_text()
        self.expect_hosts(stopped)
        self.assertIn("stopped by a signal after step ", log)
        self.assertIn("resuming after step ", log)
        self.assertIn("restarts: 1", said.stdout)
        self.assertEqual(stopped.digest(), whole.digest())
        self.assertEqual(stopped.metrics(), whole.metrics())


if __name__ == "__main__":
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        print("skipped: needs root and", *(missing or TOOLS))
        sys.exit(77)
    unittest.main()
