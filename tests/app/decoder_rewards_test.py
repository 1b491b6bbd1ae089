# SPDX-License-Identifier: Apache-2.0
"""Decoders with a score head as reward models: scored from the command line as transformers scores them, and trained with."""
import json
import unittest

from e2e import CONFIG, SOURCE, EndToEnd, read_lines, set_options, write_lines

MODELS = SOURCE / "tests/data/reward"  # of tests/golden/make_decoder_rewards.py
GOLDEN = json.loads((MODELS / "golden.json").read_text(encoding="utf-8"))
TEMPLATE = '"Human: {question} {document}\\n\\nAssistant: {response}"'
REWARDS = {"rewards.holistic.source.model": MODELS / "llama", "rewards.holistic.source.template": TEMPLATE,
           "rewards.aspects.quality.source.model": MODELS / "qwen2", "rewards.aspects.quality.source.template": "chat",
           "rewards.aspects.quality.source.label": 2, "rewards.aspects.quality.granularity": "token",
           "rewards.compose.use": "[quality]", "learner.micro_tokens": 200}
ONE_UPDATE = {"run.steps": 1, "algorithm.minibatch": 16, "algorithm.epochs": 1, "evaluate.test_prompts": 4}
SPLIT = {"placement.rollout": 2, "placement.reward": 1, "placement.learner": 1}
COMPARED = ("reward/total", "reward/holistic", "reward/quality", "kl/k1", "entropy", "loss/value", "grad_norm")


class DecoderRewardsTest(EndToEnd):
    def score(self, name, *arguments, precision="float64", ranks=0):
        """The golden cases without a cut, and what `score` makes of them."""
        cases = [case for case in GOLDEN["models"][name]["cases"] if case["max_tokens"] == 0]
        lines = [{**GOLDEN["records"][case["record"]], "response": case["response"]} for case in cases]
        data = write_lines(self.folder / "lines.jsonl", lines)
        out = self.folder / "scored.jsonl"
        model = GOLDEN["models"][name]
        self.succeed("score", "--reward-model", MODELS / name, "--template", model["template"], "--label", model["label"],
                     "--precision", precision, "--cache", self.folder / "cache", "--data", data, "--out", out, *arguments, ranks=ranks)
        return cases, read_lines(out)

    def test_score_equals_transformers(self):
        for name in GOLDEN["models"]:
            for ranks, precision, tolerance in ((0, "float64", 1e-9), (2, "float32", 1e-4)):
                with self.subTest(model=name, precision=precision):
                    cases, scored = self.score(name, precision=precision, ranks=ranks)
                    for case, line in zip(cases, scored, strict=True):
                        self.assertAlmostEqual(line["reward"], case["score"], delta=tolerance)

    def test_score_by_token_has_a_value_for_each(self):
        cases, scored = self.score("llama", "--granularity", "token")
        for case, line in zip(cases, scored, strict=True):
            # One value for a character, however many tokens it is; no byte is left out or told twice.
            self.assertEqual([byte for a, b in line["spans"] for byte in range(a, b)], list(range(len(line["response"].encode()))))
            values = dict(zip((end for _, end in line["spans"]), line["rewards"], strict=True))
            for (_, end), score in zip(case["words"], case["word_scores"], strict=True):
                self.assertAlmostEqual(values[end], score, delta=1e-9)  # the last token of a word has the value of the word
        self.assertTrue(any("😀" in line["response"] for line in scored))

    def test_score_names_a_field_that_the_template_shows_and_the_line_has_not(self):
        data = write_lines(self.folder / "lines.jsonl", [{"prompt": "a", "response": "b"}])
        score = ["score", "--reward-model", MODELS / "llama", "--cache", self.folder / "cache", "--data", data]
        self.refuse([*score, "--template", "{prompt} {document} {response}"], f"{data}:1: the field 'document' is missing")
        self.refuse([*score, "--template", "{aspect} {response}"], f"{data}:1: the field 'aspect' is missing")
        self.refuse([*score, "--template", "chat"], "llama: `template` is chat, but neither chat_template.jinja nor")
        self.succeed(*score, "--template", "{question} {response}")  # what the prompt asks

    def test_training_is_the_same_alone_and_split(self):
        settings = {**ONE_UPDATE, **REWARDS, "paths.cache": self.folder / "cache"}
        alone = self.train("alone", settings=settings)
        wanted = alone.metrics()[1]
        for key in ("grad_norm", "reward/quality", "entropy"):
            self.assertGreater(abs(wanted[key]), 1e-4, key)
        for name, ranks, placement in (("colocated", 2, {}), ("split", 4, SPLIT)):
            with self.subTest(name):
                run = self.train(name, ranks=ranks, settings={**settings, **placement})
                self.assertEqual(run.samples(1), alone.samples(1))
                for key in COMPARED:
                    got = run.metrics()[1][key]
                    self.assertLessEqual(abs(got - wanted[key]), 1e-5 * max(abs(wanted[key]), 1e-3), f"{key}: {got}, {wanted[key]}")

    def test_a_dry_run_plans_them(self):
        self.succeed("train", CONFIG, "--dry-run", "--out", self.folder / "run", *set_options({**ONE_UPDATE, **REWARDS}))

    def test_what_is_missing_is_said(self):
        train = ["train", CONFIG, "--out", self.folder / "run"]
        silent = {key: value for key, value in REWARDS.items() if key != "rewards.holistic.source.template"}
        for more in ([], ["--dry-run"]):
            self.refuse([*train, *more, *set_options(silent)], "what does this decoder read to score a response?")
        # Before the aspect's model is trained.
        trained = {"rewards.aspects.quality.source.model": "relevance", "paths.reward_models": self.folder}
        done = self.refuse([*train, *set_options({**silent, **trained})], "what does this decoder read to score a response?")
        self.assertNotIn("training it first", done.stderr)
        headless = {**REWARDS, "rewards.holistic.source.model": SOURCE / "tests/data/smoke/policy"}
        for ranks in (0, 2):
            self.refuse([*train, *set_options(headless)], "smoke/policy: a decoder without a score head; expected 'score.weight'",
                        ranks=ranks)
        no_label = {key: value for key, value in REWARDS.items() if key != "rewards.aspects.quality.source.label"}
        self.refuse([*train, *set_options(no_label)], "expected `label` to be one of 0 to 2, found none")


if __name__ == "__main__":
    unittest.main()
