# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters in PEFT's layout through the commands: answered and scored with, trained from, put beside a model."""
import json
import shutil
import socket
import struct
import subprocess
import unittest

from e2e import CONFIG, SMOKE, SOURCE, EndToEnd, command, environment, read_lines, set_options, write_lines

# Made by PEFT for the smoke policy, with what PEFT and transformers answer (tests/golden/make_peft.py commands).
ADAPTER = SOURCE / "tests/data/model/smoke_adapter"
GOLDEN = {entry["id"]: entry for entry in json.loads((SOURCE / "tests/data/model/smoke_adapter_golden.json").read_text())}
REWARD = SOURCE / "tests/data/model/smoke_reward_adapter"  # by `make_peft.py reward`
REWARDS = json.loads((SOURCE / "tests/data/model/smoke_reward_adapter_golden.json").read_text())
# Of a model with another width and a layer more.
OTHER = SOURCE / "tests/data/model/tiny_llama_adapter"
NO_PLACE = (f"{OTHER}/adapter_model.safetensors: tensor 'base_model.model.model.layers.2.mlp.down_proj.lora_A.weight' has no place "
            "in the model's adapter")
PROMPTS = SMOKE / "prompts.jsonl"
POLICY = ("--model", SMOKE / "policy", "--precision", "float32")
SHORT = {"run.steps": 2, "optimizer.lr": 0.02, "evaluate.every": 0, "rewards.normalization_samples": 8,
         "rewards.compose.use": "[relevance]"}
FROM = {**SHORT, "policy.adapter.path": ADAPTER, "policy.adapter.lora.rank": 3, "policy.adapter.lora.alpha": 12}


def numbers(file):
    """All values of a safetensors file of float32."""
    data = file.read_bytes()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    return struct.unpack(f"<{(len(data) - begin) // 4}f", data[begin:])


class AdapterTest(EndToEnd):
    def lines(self, *arguments, ranks=0):
        done = self.succeed(*arguments, "--cache", self.folder / "cache", ranks=ranks)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def greedy(self, *arguments, ranks=0):
        """Lines with greedy answers to the prompts, by their id."""
        lines = self.lines("generate", *POLICY, *arguments, "--temperature", 0, "--max-new-tokens", 12, "--data", PROMPTS,
                           "--batch", 3, ranks=ranks)
        return {line["id"]: line for line in lines}


class CommandsTest(AdapterTest):
    def test_generate_answers_as_peft_does(self):
        alone = self.greedy("--adapter", ADAPTER)

        for name, golden in GOLDEN.items():
            self.assertEqual(alone[name]["tokens"], golden["tokens"])
            self.assertNotEqual(golden["tokens"], golden["without"])
            for found, expected in zip(alone[name]["logprobs"], golden["logprobs"], strict=True):
                self.assertAlmostEqual(found, expected, delta=1e-4)
        self.assertEqual(self.greedy("--adapter", ADAPTER, ranks=3), alone)
        for name, line in self.greedy().items():
            if name in GOLDEN:
                self.assertEqual(line["tokens"], GOLDEN[name]["without"])

    def test_score_gives_the_log_probabilities_of_peft_and_of_the_merged_model(self):
        wide = ("--precision", "float64", "--temperature", 1)
        data = self.folder / "responses.jsonl"
        prompts = {record["id"]: record["prompt"] for record in read_lines(PROMPTS)}
        data.write_text("".join(json.dumps({"id": name, "prompt": prompts[name], "response_tokens": golden["tokens"]}) + "\n"
                                for name, golden in GOLDEN.items()))
        self.succeed("convert", SMOKE / "policy", self.folder / "merged", "--dtype", "float64", "--adapter", ADAPTER, "--merge")

        adapted = self.lines("score", "--model", SMOKE / "policy", "--adapter", ADAPTER, *wide, "--data", data)
        merged = self.lines("score", "--model", self.folder / "merged", *wide, "--data", data)

        for line, whole in zip(adapted, merged, strict=True):
            expected = GOLDEN[line["id"]]["logprobs"]
            for found, of_merged, of_peft in zip(line["logprobs"], whole["logprobs"], expected, strict=True):
                self.assertAlmostEqual(found, of_merged, delta=1e-9)
                self.assertAlmostEqual(found, of_peft, delta=1e-9)

    def test_adapters_of_other_models_are_refused_by_the_tensor(self):
        for name in ("generate", "score"):
            self.refuse([name, *POLICY, "--adapter", OTHER, "--data", PROMPTS], NO_PLACE, code=1)
        self.refuse(["convert", SMOKE / "policy", self.folder / "out", "--adapter", OTHER], str(OTHER),
                    "'model.layers.0.mlp.down_proj.weight' as numbers of shape [48, 80]", "the model has Float of shape [32, 48]",
                    code=1)
        self.assertFalse((self.folder / "out").exists())
        self.refuse(["score", "--reward-model", SMOKE / "holistic", "--adapter", ADAPTER, "--data", PROMPTS],
                    "--adapter requires --model")

    def test_a_reward_models_adapter_is_merged_with_its_score_head(self):
        merged = self.folder / "merged"
        prompts = {record["id"]: record for record in read_lines(PROMPTS)}
        data = write_lines(self.folder / "data.jsonl",
                           [{"id": r["id"], "question": prompts[r["id"]]["question"], "response": prompts[r["id"]]["reference"]}
                            for r in REWARDS])

        self.succeed("convert", SMOKE / "policy", merged, "--adapter", REWARD, "--merge", "--dtype", "float64")
        scored = self.lines("score", "--reward-model", merged, "--template", "{question} {response}", "--precision", "float64",
                            "--data", data)

        for line, golden in zip(scored, REWARDS, strict=True):
            self.assertAlmostEqual(line["reward"], golden["reward"], delta=1e-9)
        config = json.loads((merged / "config.json").read_text())
        self.assertEqual((config["architectures"], config["id2label"]), (["LlamaForSequenceClassification"], {"0": "LABEL_0"}))
        self.refuse(["generate", "--model", merged, "--precision", "float64", "--max-new-tokens", 4, "--data", PROMPTS],
                    "no head for the vocabulary", code=1)
        self.refuse(["generate", *POLICY, "--adapter", REWARD, "--data", PROMPTS], "an adapter of a reward model",
                    f"`alarm-dist convert MODEL OUT --adapter {REWARD} --merge`", code=1)
        self.refuse(["convert", SMOKE / "holistic", self.folder / "out", "--adapter", REWARD, "--merge"],
                    "an adapter with a score head is merged into decoders only", code=1)

    def test_streamed_answers_are_those_of_the_lines(self):
        out = self.folder / "lines.jsonl"
        arguments = ["generate", *POLICY, "--max-new-tokens", 9, "--temperature", 2, "--seed", 5, "--data", PROMPTS, "--stream"]

        streamed = self.succeed(*arguments, "--out", out).stdout

        lines = read_lines(out)
        self.assertEqual(streamed, "".join(line["response"] + "\n" for line in lines))
        self.assertTrue(any(line["response"] for line in lines))
        self.assertEqual(self.succeed(*arguments).stdout, streamed)
        self.refuse(arguments, "--stream: the answers of 2 ranks would be mixed up", ranks=2)


    def test_what_is_streamed_comes_in_whole_characters_as_it_is_made(self):
        data = write_lines(self.folder / "data.jsonl", [{"prompt": f"<|im_start|>user\n{i}"} for i in range(6)])
        out = self.folder / "lines.jsonl"
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # keeps what is written at once apart
        arguments = ["generate", *POLICY, "--max-new-tokens", 30, "--temperature", 9, "--data", data, "--stream", "--out", out]
        with mine, subprocess.Popen(command(arguments), stdout=theirs, cwd=SOURCE, env=environment()) as process:
            theirs.close()
            pieces = list(iter(lambda: mine.recv(1 << 16), b""))

        self.assertEqual(process.returncode, 0)
        lines = read_lines(out)
        self.assertGreater(len(pieces), 5 * len(lines))
        self.assertEqual("".join(piece.decode() for piece in pieces), "".join(line["response"] + "\n" for line in lines))
        self.assertTrue(any(ord(character) > 127 for line in lines for character in line["response"]))


class TrainingTest(AdapterTest):
    def expect_close(self, run, other):
        part = "checkpoints/step-000002/adapter/adapter_model.safetensors"
        pairs = list(zip(numbers(run.path / part), numbers(other.path / part), strict=True))
        moved = max(abs(a - b) for a, b in zip((a for a, _ in pairs), numbers(ADAPTER / "adapter_model.safetensors"), strict=True))
        self.assertGreater(moved, 1e-3)
        self.assertLess(max(abs(a - b) for a, b in pairs), 0.02 * moved)

    def test_a_run_starts_from_the_adapter_and_stays_near_it(self):
        run = self.train("run", settings=FROM)

        samples = read_lines(run.path / "samples.jsonl")
        before = {s["record_id"]: s["response"] for s in samples if s["phase"] == "before"}
        self.assertEqual({name: line["response"] for name, line in self.greedy("--adapter", ADAPTER).items()}, before)
        # The divergence from the reference is none before the first update, and much from the model without an adapter.
        self.assertEqual(run.metrics()[1]["kl/k1"], 0.0)
        base = self.train("base", settings={**FROM, "algorithm.reference.kind": "base"})
        self.assertGreater(abs(base.metrics()[1]["kl/k1"]), 0.1)
        self.assertEqual(base.samples(1), run.samples(1))
        self.assertIn("path: ", (run.path / "config.yaml").read_text())
        provenance = json.loads((run.path / "provenance.json").read_text())
        self.assertIn(str(ADAPTER / "adapter_model.safetensors"), provenance["digests"])

    def test_worlds_and_resumed_runs_learn_the_same(self):
        whole = self.train("whole", settings=FROM)
        self.train("parts", settings={**FROM, "run.steps": 1})
        parts = self.train("parts", "--resume", settings=FROM)
        self.assertEqual(parts.digest(), whole.digest())
        self.assertEqual(parts.metrics(), whole.metrics())

        split = {f"placement.{role}": 1 for role in ("rollout", "reward", "learner")}
        for name, ranks, placement in (("two", 2, {}), ("split", 3, split)):
            other = self.train(name, settings={**FROM, **placement}, ranks=ranks)
            self.expect_close(other, whole)
            self.assertEqual([s for s in read_lines(other.path / "samples.jsonl") if s["phase"] == "before"],
                             [s for s in read_lines(whole.path / "samples.jsonl") if s["phase"] == "before"])

    def test_a_checkpoints_adapter_is_a_start(self):
        first = self.train("first", settings=SHORT)
        adapter = first.path / "checkpoints/step-000002/adapter"
        config = self.folder / "second.yaml"
        lines = (SOURCE / CONFIG).read_text().splitlines(keepends=True)
        config.write_text("".join(f"  adapter: {{path: {adapter}}}\n" if line.startswith("  adapter:") else line for line in lines))

        self.succeed("train", config, "--out", self.folder / "second", *set_options({**SHORT, "run.steps": 0}))

        # Nothing was learned: what comes out is what went in.
        answers = {phase: [s["response"] for s in read_lines(self.folder / "second/samples.jsonl") if s["phase"] == phase]
                   for phase in ("before", "after")}
        self.assertEqual(answers["before"], answers["after"])
        self.assertEqual(answers["after"],
                         [s["response"] for s in read_lines(first.path / "samples.jsonl") if s["phase"] == "after"])
        # The file says rank, scale and targets.
        resolved = (self.folder / "second/config.yaml").read_text()
        self.assertIn("rank: 4", resolved)
        self.assertIn("alpha: 8", resolved)
        self.assertNotIn("all-linear", resolved.split("algorithm:")[0])

    def test_what_contradicts_the_adapter_is_refused(self):
        train = ["train", CONFIG, "--out", self.folder / "run"]
        self.refuse([*train, *set_options({"policy.adapter.path": ADAPTER})],
                    "policy.adapter.lora.rank is 4, but the adapter that training starts from", '"r" 3: leave the key out')
        self.refuse([*train, *set_options({**FROM, "policy.adapter.lora.targets": "[q_proj]"})],
                    "targets is [q_proj]", '"target_modules" [down_proj, q_proj, v_proj]')
        self.refuse([*train, *set_options({**FROM, "policy.adapter.path": self.folder / "none"})],
                    "policy.adapter.path: ", "none/adapter_config.json")
        self.refuse([*train, *set_options({**FROM, "policy.adapter.path": OTHER})],
                    NO_PLACE, code=1)
        self.refuse([*train, *set_options({**FROM, "algorithm.kind": "etpo", "algorithm.kl.coef": 0.1})],
                    "algorithm.reference.kind: the reference of etpo has no adapter")
        self.refuse([*train, *set_options({**FROM, "policy.train": "full"})],
                    "policy.adapter.path: policy.train is full, which has no adapter")
        silent = self.folder / "silent"
        shutil.copytree(ADAPTER, silent)
        config = json.loads((silent / "adapter_config.json").read_text())
        (silent / "adapter_config.json").write_text(json.dumps({**config, "lora_alpha": 0}))
        self.refuse([*train, *set_options({**SHORT, "policy.adapter.path": silent})], f'{silent}: "lora_alpha" is 0')
        planned = self.succeed(*train, "--dry-run", *set_options(FROM))
        self.assertIn(f"adapter      {ADAPTER}", planned.stdout)
        self.assertFalse((self.folder / "run/checkpoints").exists())

    def test_a_run_is_not_resumed_with_another_adapter(self):
        mine = self.folder / "adapter"
        shutil.copytree(ADAPTER, mine)
        settings = {**FROM, "policy.adapter.path": mine}
        self.train("run", settings={**settings, "run.steps": 1})
        values = bytearray((mine / "adapter_model.safetensors").read_bytes())
        values[-1] ^= 1
        (mine / "adapter_model.safetensors").write_bytes(values)

        self.refuse(["train", CONFIG, "--out", self.folder / "run", "--resume", *set_options(settings)],
                    f"{mine}/adapter_model.safetensors has changed since this run was started")


if __name__ == "__main__":
    unittest.main()
