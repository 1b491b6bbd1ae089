# SPDX-License-Identifier: Apache-2.0
"""Numbers that are not finite: a policy whose weights diverged or were never sound, a reward model that gives none. The
program ends with one line that says where, leaves the samples behind, and the command it prints repeats the failure."""
import json
import re
import shutil
import struct
import subprocess
import unittest

from e2e import CONFIG, SMOKE, SOURCE, EndToEnd, alarm, environment, read_lines, set_options, write_lines

SHORT = {"run.steps": 2, "evaluate.test_prompts": 4, "rewards.aspects.grammar": "~", "rewards.compose.use": "[relevance]"}
# The first gradient is sound; the step leaves weights of 1e30, which are finite and whose logits are not.
DIVERGES = {**SHORT, "optimizer.lr": 1e30, "optimizer.max_grad_norm": 0, "algorithm.minibatch": 16, "algorithm.epochs": 1}
# A word of the scorer's that one prompt's document has.
RARE = (78,)


def put_nan(model, tensor, rows, columns):
    """Writes NaN to the first value of some rows of a float32 tensor of a copied model."""
    path = model / "model.safetensors"
    data = bytearray(path.read_bytes())
    [size] = struct.unpack_from("<Q", data)
    begin = 8 + size + json.loads(data[8:8 + size])[tensor]["data_offsets"][0]
    for row in rows:
        struct.pack_into("<f", data, begin + 4 * columns * row, float("nan"))
    path.write_bytes(data)


class NonFiniteTest(EndToEnd):
    def broken_policy(self):
        model = self.folder / "policy"
        shutil.copytree(SMOKE / "policy", model)
        put_nan(model, "model.norm.weight", [0], 1)
        return model

    def broken_scorer(self, rows):
        model = self.folder / "scorer"
        shutil.copytree(SMOKE / "holistic", model)
        with open(model / "model.safetensors", "rb") as file:
            [size] = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(size))
        [name] = [key for key in header if key.endswith("word_embeddings.weight")]
        put_nan(model, name, rows, header[name]["shape"][1])
        return model

    def end_badly(self, name, settings, *messages, ranks=0):
        """A run that ends in an error of its own words, not LibTorch's."""
        path = self.folder / name
        done = alarm("train", CONFIG, "--out", path, *set_options(settings), ranks=ranks)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertNotIn("Exception raised", done.stderr)
        for message in messages:
            self.assertIn(message, done.stderr.replace("-nan", "nan"))
        return path, done.stderr

    def printed_command(self, errors):
        return re.search(r"`([^`]*train --resume --out [^`]*)`", errors).group(1)

    def test_weights_that_diverged_leave_no_checkpoint_and_the_printed_command_repeats_it(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                message = "step 1: the updated weights give sample 0 the log-probability nan: no checkpoint is written"
                path, errors = self.end_badly(f"diverged-{ranks}", DIVERGES, message, ranks=ranks)

                self.assertEqual(list((path / "checkpoints").glob("step-*")), [])
                [left] = (path / "nonfinite").iterdir()
                self.assertEqual(len(read_lines(left)), 1)
                left.unlink()
                command = self.printed_command(errors)
                self.assertEqual(command.startswith("mpirun -n 2 "), ranks == 2, command)
                again = subprocess.run(command, shell=True, cwd=SOURCE, env=environment(), timeout=120, capture_output=True, text=True)
                self.assertIn(message, again.stderr.replace("-nan", "nan"))
                self.assertTrue(left.exists())

    def test_a_policy_that_cannot_generate_is_named_with_sample_and_token(self):
        path, _ = self.end_badly("unsound", {**SHORT, "policy.model": self.broken_policy(), "algorithm.on_nonfinite": "skip"},
                            "after step 0: normalization: sample", "token 0 of the answer",
                            "the log-probability nan")
        [left] = (path / "nonfinite").iterdir()
        self.assertEqual(read_lines(left)[0]["response_tokens"], [])

    def test_generate_and_score_name_the_line(self):
        model = self.broken_policy()
        lines = write_lines(self.folder / "lines.jsonl", [{"prompt": "one two", "response": "three"}] * 2)
        for command in (["generate"], ["generate", "--temperature", "0"], ["score"]):
            with self.subTest(command=command):
                out = self.folder / "out.jsonl"
                done = self.refuse([*command, "--model", model, "--data", lines, "--out", out], f"{lines}:1: ", "the model gives the log-probability",
                                   code=1)
                self.assertNotIn("Exception raised", done.stderr)
                self.assertFalse(out.exists())

    def test_a_reward_that_is_not_finite_stops_with_its_samples_and_the_reason(self):
        settings = {**SHORT, "rewards.holistic.source.model": self.broken_scorer(range(143))}
        path, errors = self.end_badly("stopped", settings, "normalization: component 'holistic' failed on sample 0: the model's score is nan",
                                 "samples have a reward that is not finite")
        self.assertLessEqual(errors.count("the model's score is"), 3)
        [left] = (path / "nonfinite").iterdir()
        self.assertIn("nan", read_lines(left)[0]["failures"]["holistic"])

    def test_skipping_drops_and_counts_such_samples_and_keeps_the_report(self):
        settings = {**SHORT, "rewards.holistic.source.model": self.broken_scorer(RARE), "algorithm.on_nonfinite": "skip",
                    "evaluate.test_prompts": 0, "evaluate.every": 1, "evaluate.prompts": 100}
        path = self.folder / "skipped"
        done = self.succeed("train", CONFIG, "--out", path, *set_options(settings))

        dropped = sum(line.get("dropped/holistic", 0) for line in read_lines(path / "metrics.jsonl"))
        self.assertGreater(dropped, 0)
        self.assertTrue(any(line.get("eval/dropped", 0) > 0 for line in read_lines(path / "metrics.jsonl")))
        self.assertRegex(done.stderr, "step [12]: component 'holistic' failed on sample [0-9]+: the model's score is -?nan")
        self.assertRegex(done.stderr, "test/before: component 'holistic' failed on sample")
        compared = json.loads((path / "evaluation.json").read_text())["prompts"]
        self.assertTrue(0 < compared < len(read_lines(SMOKE / "prompts.jsonl")), compared)
        self.assertTrue(list(path.glob("report*.html")))

    def test_a_skipped_mini_batch_leaves_its_samples_behind(self):
        settings = {**SHORT, "algorithm.kl.coef": 1e308, "algorithm.kl.target": 0, "run.steps": 3, "algorithm.minibatch": 16,
                    "algorithm.epochs": 1, "algorithm.on_nonfinite": "skip"}
        path = self.folder / "left-out"
        done = alarm("train", CONFIG, "--out", path, *set_options(settings))

        self.assertIn("the samples that were left out are in", done.stderr)
        left = min((path / "nonfinite").iterdir())
        for line in read_lines(left):
            self.assertRegex(done.stderr, rf" on samples[0-9 ]* {line['sample']}\b")


if __name__ == "__main__":
    unittest.main()
