# SPDX-License-Identifier: Apache-2.0
"""Bad input: the program ends before work starts, with 2 (the user's mistake) or 1 (what it needs is damaged), and says where."""
import json
import shutil
import unittest

from e2e import CONFIG, SMOKE, EndToEnd, Run, set_options

SHORT = {"run.steps": 1, "evaluate.test_prompts": 2}
GOOD_LINES = (SMOKE / "prompts.jsonl").read_text(encoding="utf-8").splitlines()[:8]


class BadInput(EndToEnd):
    def refuse_train(self, settings, *messages, ranks=0, code=2, arguments=(), config=CONFIG, out="run"):
        return self.refuse(["train", config, "--out", self.folder / out, *arguments, *set_options(settings)], *messages, code=code,
                           ranks=ranks)


class ConfigTest(BadInput):
    def refuse_yaml(self, text, *messages):
        file = self.folder / "bad.yaml"
        file.write_text(text)
        self.refuse_train({}, *messages, config=file)
        self.assertFalse((self.folder / "run").exists())

    def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_one(self):
        self.refuse_yaml("run: {name: x}\noptimizer:\n  lrr: 1\n", "bad.yaml:3: optimizer.lrr: unknown key; did you mean 'lr'?")

    def test_a_wrong_type_is_named_with_what_was_expected(self):
        self.refuse_yaml("run:\n  steps: many\n", "bad.yaml:2: run.steps: expected an integer", "got 'many'")

    def test_a_value_out_of_range_is_named_with_the_range(self):
        self.refuse_yaml("optimizer:\n  lr: -1\n", "bad.yaml:2: optimizer.lr: expected a number > 0, got '-1'")

    def test_an_override_is_checked_like_a_file(self):
        self.refuse_train({"optimizer.lrr": 1}, "--set optimizer.lrr=1: optimizer.lrr: unknown key; did you mean 'lr'?")

    def test_a_missing_file_is_named(self):
        self.refuse_train({}, "nowhere.yaml", "No such file", config=self.folder / "nowhere.yaml")

    def test_what_does_not_fit_together_is_shown_with_its_numbers(self):
        self.refuse_train({"rollout.batch": 15}, "15 samples are not a multiple of samples_per_prompt, 2: nearest is 14")
        self.refuse_train({"algorithm.minibatch": 7}, "7 samples are not a multiple of rollout.samples_per_prompt, 2", "nearest is 6")
        self.refuse_train({"rewards.compose.use": "[relevence]"}, "rewards.compose.use: 'relevence' is not one of rewards.aspects")

    def test_a_world_that_does_not_fit_the_placement_is_shown_with_the_arithmetic(self):
        placement = {"placement.rollout": 2, "placement.reward": 1, "placement.learner": 1}
        self.refuse_train(placement, "2 rollout + 1 reward + 1 learner = 4 ranks, but the world has 2: start 4 ranks", ranks=2)

    def test_an_unknown_command_and_an_unknown_option_are_usage_errors(self):
        self.refuse(["trane"], "trane")
        self.refuse(["train", "--nonsense"], "--nonsense")


class DataTest(BadInput):
    def data(self, name, bad):
        """A file whose fifth line is bad."""
        file = self.folder / name
        lines = [line.encode() for line in GOOD_LINES]
        file.write_bytes(b"\n".join([*lines[:4], bad, *lines[4:]]) + b"\n")
        return file

    def refuse_line(self, bad, *messages):
        file = self.data("data.jsonl", bad)
        self.refuse_train({"task.train": file}, f"{file}:5: ", *messages)
        self.assertFalse((self.folder / "run/metrics.jsonl").exists(), "work had started")
        return file

    def test_a_malformed_line_is_named(self):
        self.refuse_line(b'{"prompt": "a b', "not JSON")

    def test_a_missing_field_is_named(self):
        self.refuse_line(b'{"question": "a b"}', 'expected either "prompt" or "messages"')

    def test_invalid_utf8_is_named(self):
        self.refuse_line(b'{"prompt": "a \xff b"}', "not UTF-8 at byte 14 of the line")

    def test_a_prompt_that_is_longer_than_the_context_is_named(self):
        self.refuse_line(json.dumps({"prompt": "the river " * 90}).encode(), "it does not fit the model's context of 96")

    def test_a_missing_file_is_named(self):
        self.refuse_train({"task.train": self.folder / "none.jsonl"}, "none.jsonl: cannot be opened")

    def test_a_run_on_mended_data_takes_the_same_folder(self):
        file = self.refuse_line(b"[]")
        file.write_text("\n".join(GOOD_LINES) + "\n")
        self.train("run", settings={**SHORT, "task.train": file})

    def test_skipped_records_are_named_and_counted(self):
        file = self.data("data.jsonl", b'{"prompt": "a \xff b"}\n[]\n' + json.dumps({"prompt": "the river " * 90}).encode())
        done = self.succeed("train", CONFIG, "--out", self.folder / "run",
                            *set_options({**SHORT, "task.train": file, "task.on_error": "skip"}))
        for line, word in ((5, "UTF-8"), (6, "object"), (7, "context")):
            self.assertRegex(done.stderr, f"data.jsonl:{line}: .*{word}")
        self.assertIn("data: 8 records, 3 left out", done.stderr)


class ModelTest(BadInput):
    def copy(self, model, **config):
        """The model's folder, with other values in its config.json."""
        folder = self.folder / model
        shutil.copytree(SMOKE / model, folder)
        described = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(described | config))
        return folder

    def truncate(self, folder, size):
        file = folder / "model.safetensors"
        file.write_bytes(file.read_bytes()[:size])
        return file

    def test_a_missing_policy_is_named(self):
        self.refuse_train({"policy.model": self.folder / "none"}, "none: there is no such model", code=1)

    def test_a_missing_reward_model_is_named(self):
        self.refuse_train({"rewards.holistic.source.model": self.folder / "none"}, "none of 'holistic' is not there")

    def test_a_reward_model_of_another_recipe_is_refused_with_both_ways_out(self):
        folder = self.copy("holistic")
        card = json.loads((folder / "reward_model.json").read_text())
        settings = SHORT | {"paths.reward_models": self.folder, "rewards.holistic.source.model": "holistic"}
        done = self.succeed("train", CONFIG, "--out", self.folder / "old", *set_options(settings))
        self.assertIn(f"{folder} does not say how it was trained", done.stderr)

        (folder / "reward_model.json").write_text(json.dumps(card | {"recipe": {"epochs": "99", "kind": "preference"}}))
        for ranks in (0, 2):
            self.refuse_train(settings, f"{folder} was trained by another recipe than reward_models.holistic: epochs was '99', is ",
                              "Set paths.reward_models to another folder", "alarm-dist reward-model --name holistic", ranks=ranks)

    def test_a_recipe_that_the_trunk_has_no_positions_for_is_refused_before_work_starts(self):
        settings = {"paths.reward_models": self.folder, "reward_models.holistic.trunk": SMOKE / "holistic",
                    "reward_models.holistic.max_tokens": 200}
        done = self.refuse(["reward-model", CONFIG, "--name", "holistic", *set_options(settings)],
                           "reward model 'holistic': the template allows 200 tokens, the encoder has 96 positions", code=1)
        self.assertNotIn("sampling answers", done.stderr)
        self.assertFalse((self.folder / "holistic").exists())

    def test_a_truncated_file_is_named_with_its_tensor(self):
        folder = self.copy("policy")
        file = self.truncate(folder, 70000)
        self.refuse_train({"policy.model": folder}, f"{file}: tensor 'model.embed_tokens.weight'", "cut short", code=1)

    def test_two_ranks_end_with_the_same_word_about_it(self):
        folder = self.copy("policy")
        self.truncate(folder, 70000)
        self.refuse_train({"policy.model": folder}, "launch/run: rank 0 failed: ", "cut short", code=1, ranks=2)

    def test_a_truncated_header_of_a_reward_model_is_named(self):
        folder = self.copy("holistic")
        file = self.truncate(folder, 1000)
        self.refuse_train({"rewards.holistic.source.model": folder}, f"{file}: cut short", code=1)

    def test_a_tensor_of_another_shape_is_named_with_both_shapes(self):
        folder = self.copy("policy", intermediate_size=40)
        self.refuse_train({"policy.model": folder}, "model.layers.0.mlp.gate_proj.weight': expected shape [40, 32], found [48, 32]",
                          code=1)

    def test_a_missing_tensor_is_named(self):
        folder = self.copy("policy", num_hidden_layers=3)
        self.refuse_train({"policy.model": folder}, "tensor 'model.layers.2.", "is missing", code=1)


class RunDirectoryTest(BadInput):
    def test_a_folder_that_holds_a_run_is_not_overwritten(self):
        run = self.train("run", settings=SHORT)
        before = run.metrics()

        self.refuse_train(SHORT, "holds a run already: --resume continues it, --out names another folder")
        self.refuse_train(SHORT | {"optimizer.lr": 0.1}, "the run was started with another config: '  lr: 0.1' was '  lr: 0.0003'",
                          arguments=["--resume"])
        self.assertEqual(Run(run.path).metrics(), before)

    def test_a_folder_that_cannot_be_made_is_an_error_before_work_starts(self):
        (self.folder / "file").write_text("")
        self.refuse_train(SHORT, "cannot make the folder", out="file/run")

    def test_resume_passes_over_a_damaged_checkpoint(self):
        settings = SHORT | {"run.steps": 2}
        run = self.train("run", settings=settings)
        expected = run.digest()
        adapter = run.path / "checkpoints/step-000002/optimizer/trained.safetensors"
        adapter.write_bytes(adapter.read_bytes()[:-1])

        done = self.succeed("train", CONFIG, "--out", run.path, "--resume", *set_options(settings))

        self.assertIn("checkpoint passed over", done.stderr)
        self.assertIn("resuming after step 1", done.stderr)
        self.assertEqual(run.digest(), expected)

    def test_resume_without_a_checkpoint_starts_from_the_beginning(self):
        run = self.train("run", settings=SHORT)
        expected, metrics = run.digest(), run.metrics()
        shutil.rmtree(run.path / "checkpoints")

        self.train("run", "--resume", settings=SHORT)

        self.assertEqual(run.digest(), expected)
        self.assertEqual(run.metrics(), metrics)


if __name__ == "__main__":
    unittest.main()
