# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: starting alarm-dist as users do, and reading what a run leaves behind.

Environment: ALARM_DIST, the built binary; ALARM_SOURCE_DIR, the checkout. Standard library only.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

SOURCE = pathlib.Path(os.environ.get("ALARM_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("ALARM_DIST", str(SOURCE / "build/release/src/app/alarm-dist"))
SMOKE = SOURCE / "tests/data/smoke"
CONFIG = "configs/smoke.yaml"
# Clocks and memory differ from run to run; everything else must not.
MEASURED = ("time/", "throughput/", "memory/", "mfu")


def set_options(settings):
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def command(arguments, ranks=0, launcher=()):
    """Without ranks the binary alone, else launch/run."""
    launch = [str(SOURCE / "launch/run"), "-n", str(ranks), *launcher] if ranks else []
    return [*launch, BINARY, *map(str, arguments)]


def environment(**extra):
    return {**os.environ, "OMP_NUM_THREADS": "1", **extra}


def alarm(*arguments, ranks=0, launcher=(), timeout=120, text=""):
    """Runs alarm-dist in the checkout; its standard streams as text."""
    return subprocess.run(command(arguments, ranks, launcher), cwd=SOURCE, env=environment(), input=text, timeout=timeout,
                          capture_output=True, text=True, encoding="utf-8", errors="replace")


def read_lines(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]


def write_lines(path, records):
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return path


class Run:
    """A run directory."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def metrics(self):
        """Step to what was measured then, without clocks and memory."""
        return {line["step"]: {k: v for k, v in line.items() if not k.startswith(MEASURED)}
                for line in read_lines(self.path / "metrics.jsonl")}

    def samples(self, step):
        """(record, response tokens) of the training samples written for the step, in their order."""
        return [(s["sample_id"], s["record_id"], s["prompt"], tuple(s["tokens"])) for s in read_lines(self.path / "samples.jsonl")
                if s["step"] == step and s["phase"] == "train"]

    def digest(self):
        return json.loads((self.path / "provenance.json").read_text())["weights_digest"]

    def has_step(self, step):
        try:
            return any(f'{{"step":{step},' in line for line in (self.path / "metrics.jsonl").read_text().splitlines())
        except FileNotFoundError:
            return False


class Job:
    """A job in the background whose processes are found again by a mark in their environment."""

    def __init__(self, *arguments, ranks, launcher=()):
        self.mark = f"ALARM_E2E_JOB={uuid.uuid4().hex}"
        key, value = self.mark.split("=")
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command(arguments, ranks, launcher), cwd=SOURCE, env=environment(**{key: value}),
                                        stdout=subprocess.DEVNULL, stderr=self.errors)

    def processes(self):
        """Process id to environment, of those alive."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if not entry.name.isdigit() or (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    continue
                words = (entry / "environ").read_bytes().decode("utf-8", "replace").split("\0")
            except (OSError, IndexError):
                continue  # it ended meanwhile
            if self.mark in words:
                found[int(entry.name)] = words
        return found

    def kill_rank(self, rank, number=signal.SIGKILL):
        for pid, words in self.processes().items():
            program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            if f"OMPI_COMM_WORLD_RANK={rank}" in words and program == os.path.basename(os.path.realpath(BINARY)):
                os.kill(pid, number)
                return
        raise AssertionError(f"rank {rank} is not running: {self.stderr()}")

    def wait_for(self, condition, timeout=90):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"the job did not get there (exit code {self.process.poll()}): {self.stderr()}")
            time.sleep(0.02)

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()

    def close(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.errors.close()


class EndToEnd(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="alarm-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def train(self, name, *arguments, ranks=0, settings=None, launcher=(), expect=0):
        """A training run of the smoke configuration in the test's folder."""
        path = self.folder / name
        done = alarm("train", CONFIG, "--out", path, *arguments, *set_options(settings or {}), ranks=ranks, launcher=launcher)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return Run(path)

    def succeed(self, *arguments, **options):
        done = alarm(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def refuse(self, arguments, *messages, code=2, ranks=0):
        """alarm-dist ends with the code, and each message stands in its standard error."""
        done = alarm(*arguments, ranks=ranks)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for message in messages:
            self.assertIn(message, done.stderr)
        return done
