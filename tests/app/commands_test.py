# SPDX-License-Identifier: Apache-2.0
"""The subcommands on tiny data: what they add to lines, in the order of the input, however many ranks work."""
import json
import subprocess
import unittest

from e2e import CONFIG, SMOKE, SOURCE, EndToEnd, alarm, read_lines, write_lines

POLICY = ("--model", SMOKE / "policy", "--precision", "float32")
LINES = [{"id": i, "prompt": f"<|im_start|>user\nWhat of {name}?<|im_end|>\n<|im_start|>assistant\n", "question": f"What of {name}?",
          "document": f"{name} finds the answer.", "response": f"{name} follows a friend. The long road hides it."}
         for i, name in enumerate(["the river", "a cat", "the moon", "two ships", "a small robot", "the old map", "é 😀"])]


class LinesTest(EndToEnd):
    def setUp(self):
        super().setUp()
        self.data = write_lines(self.folder / "lines.jsonl", LINES)

    def both(self, *arguments):
        """The lines that one rank makes, after checking that three ranks make the same."""
        outputs = [self.folder / "alone.jsonl", self.folder / "three.jsonl"]
        for out, ranks in zip(outputs, (0, 3)):
            self.succeed(*arguments, "--data", self.data, "--out", out, "--batch", 2, ranks=ranks)
        self.assertEqual(outputs[0].read_text(), outputs[1].read_text())
        lines = read_lines(outputs[0])
        self.assertEqual([line["id"] for line in lines], [line["id"] for line in LINES])
        return lines

    def test_generate(self):
        for line in self.both("generate", *POLICY, "--max-new-tokens", 6, "--seed", 3):
            self.assertEqual(len(line["tokens"]), len(line["logprobs"]))
            self.assertLessEqual(len(line["tokens"]), 6)
            self.assertTrue(all(p <= 0 for p in line["logprobs"]))
            self.assertEqual(line["finish_reason"], "stop" if line["tokens"][-1] == 2 else "length")

    def test_generate_cuts_and_penalises(self):
        tokens = lambda *options: [line["tokens"] for line in self.both("generate", *POLICY, "--max-new-tokens", 8, *options)]
        greedy = tokens("--temperature", 0)

        # Nothing is less likely than 1 times the likeliest but the others.
        self.assertEqual(tokens("--min-p", 1), greedy)
        self.assertNotEqual(tokens("--temperature", 0, "--repetition-penalty", 5), greedy)
        self.assertTrue(all(len(row) == 8 for row in tokens("--min-new-tokens", 8)))
        done = self.succeed("tokenize", "--tokenizer", SMOKE / "policy", text='{"text": " the"}\n')
        the = json.loads(done.stdout)["tokens"]
        self.assertEqual(len(the), 1)
        self.assertTrue(any(the[0] in row for row in tokens()))
        self.assertFalse(any(the[0] in row for row in tokens("--bad-word", " the", "--bad-word", " a")))
        self.refuse(["generate", *POLICY, "--data", self.data, "--bad-word", ""], "--bad-word '': it has no token")

    def test_generate_takes_messages(self):
        prompts = [{"messages": [{"role": "user", "content": "What of the river?"}]},
                   {"prompt": "<|im_start|>user\nWhat of the river?<|im_end|>\n<|im_start|>assistant\n"}]
        done = self.succeed("generate", *POLICY, "--temperature", 0, text="".join(json.dumps(p) + "\n" for p in prompts))
        chat, plain = map(json.loads, done.stdout.splitlines())
        self.assertEqual(chat["tokens"], plain["tokens"])

    def test_score_gives_log_probabilities_that_generation_had(self):
        generated = self.both("generate", *POLICY, "--max-new-tokens", 6, "--seed", 3)
        self.data = write_lines(self.folder / "generated.jsonl", [g | {"response_tokens": g["tokens"]} for g in generated])
        for scored, made in zip(self.both("score", *POLICY), generated):
            self.assertAlmostEqual(scored["logprob"], sum(scored["logprobs"]), places=9)
            for a, b in zip(scored["logprobs"], made["logprobs"], strict=True):
                self.assertAlmostEqual(a, b, delta=1e-4)

    def test_score_with_a_reward_model_of_responses(self):
        rewards = [line["reward"] for line in self.both("score", "--reward-model", SMOKE / "holistic", "--precision", "float32")]
        self.assertEqual(len(set(rewards)), len(rewards))

    def test_score_with_a_reward_model_of_sentences(self):
        for line in self.both("score", "--reward-model", SMOKE / "relevance", "--precision", "float32"):
            text = line["response"].encode()
            sentences = [text[a:b].decode() for a, b in line["spans"]]
            self.assertEqual(len(line["rewards"]), 2)
            self.assertEqual(sentences[1].strip(), "The long road hides it.")

    def test_score_refuses_options_that_do_not_apply(self):
        reward = ("--reward-model", SMOKE / "holistic")
        for flag, value in (("--template", "chat"), ("--label", 0), ("--max-tokens", 9), ("--granularity", "token")):
            self.refuse(["score", *POLICY, "--data", self.data, flag, value], f"{flag} requires --reward-model")
        self.refuse(["score", *reward, "--data", self.data, "--temperature", 2], "--temperature requires --model")
        self.refuse(["score", *POLICY, *reward, "--data", self.data], "--model excludes --reward-model")

    def test_tokenize(self):
        self.data = write_lines(self.data, [{"id": line["id"], "text": line["prompt"]} for line in LINES])
        for line in self.both("tokenize", "--tokenizer", SMOKE / "policy"):
            self.assertEqual(line["tokens"][0], 1)  # <|im_start|> is one token
            self.assertEqual(line["offsets"][0], [0, len("<|im_start|>")])
            self.assertEqual(line["offsets"][-1][1], len(line["text"].encode()))

    def test_tokenize_adds_special_tokens_and_cuts_as_the_oracle_does(self):
        """tests/golden/make_tokenize_command.py. What the file itself says of truncation is left aside."""
        for number, case in enumerate(json.loads((SOURCE / "tests/data/text/tokenize_command.json").read_text())):
            with self.subTest(tokenizer=case["tokenizer"], arguments=case["arguments"]):
                layout = json.loads((SOURCE / case["tokenizer"]).read_text())
                layout["post_processor"] = case["post_processor"] or layout["post_processor"]
                layout["truncation"] = {"max_length": 1, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
                tokenizer = self.folder / f"{number}.json"
                tokenizer.write_text(json.dumps(layout))
                data = write_lines(self.folder / f"{number}.jsonl", [{"text": text} for text in case["texts"]])

                done = self.succeed("tokenize", "--tokenizer", tokenizer, "--data", data, *case["arguments"])

                lines = [json.loads(line) for line in done.stdout.splitlines()]
                self.assertEqual([line["tokens"] for line in lines], case["tokens"])
                self.assertEqual([line["offsets"] for line in lines], case["offsets"])
                if "--special-tokens" in case["arguments"]:
                    self.refuse(["tokenize", "--tokenizer", tokenizer, "--data", data, "--special-tokens", "--max-tokens", 1],
                                f"{data}:1: max_tokens is 1, but the special tokens alone are 2")

    def test_bad_lines_are_named_or_skipped(self):
        self.data.write_text('{"text": "a"}\n{"text": \n{"text": "b"}\n')
        tokenize = ["tokenize", "--tokenizer", SMOKE / "policy", "--data", self.data]
        self.refuse(tokenize, f"{self.data}:2: not JSON")
        done = self.succeed(*tokenize, "--on-error", "skip")
        self.assertEqual([json.loads(line)["text"] for line in done.stdout.splitlines()], ["a", "b"])
        self.assertIn("1 bad lines were skipped", done.stderr)

    def expect_skipped(self, bad, *arguments):
        """Lines 2.. are bad, each for its reason: named and counted under skip, the first of them an error without."""
        good, *others = [json.dumps(line, ensure_ascii=False) for line in LINES[:3]]
        rows = [good, *(json.dumps(line) for line, _ in bad), *others]
        self.data.write_text("".join(row + "\n" for row in rows))
        command = [*arguments, "--data", self.data, "--batch", 2]
        self.refuse(command, f"{self.data}:2: {bad[0][1]}")
        for ranks in (0, 2):
            done = self.succeed(*command, "--on-error", "skip", ranks=ranks)
            self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()], [0, 1, 2])
            for number, (_, why) in enumerate(bad, start=2):
                self.assertIn(f"skipped: {self.data}:{number}: {why}", done.stderr)
            self.assertIn(f"{len(bad)} bad lines were skipped, 3 are done", done.stderr)

    def test_generate_skips_lines_without_what_it_needs(self):
        self.expect_skipped([({"id": 9}, "the field 'prompt' is missing"),
                             ({"prompt": 3}, "'prompt' must be a text, found number"),
                             ({"messages": "hello"}, "'messages' must be a list of messages"),
                             ({"messages": [{"role": "user", "content": 3}]}, "each of 'messages' needs"),
                             ({"prompt": "the river " * 90}, "the prompt has")],
                            "generate", *POLICY, "--max-new-tokens", 3)

    def test_score_skips_lines_without_what_it_needs(self):
        self.expect_skipped([({"prompt": "a", "response": ""}, "the response has no token"),
                             ({"prompt": "a", "response": [1]}, "'response' must be a text, found array"),
                             ({"prompt": "a", "response_tokens": ["b"]}, "'response_tokens' must be a list of token ids"),
                             ({"prompt": "a", "response_tokens": [-1]}, "'response_tokens' must be a list of token ids")],
                            "score", *POLICY)

    def test_score_with_a_reward_model_skips_lines_without_what_it_needs(self):
        self.expect_skipped([({"question": "a"}, "the field 'response' is missing"),
                             ({"question": "a", "response": "a"}, "the field 'document' is missing"),
                             ({"question": "a", "response": "a", "document": {}}, "'document' must be a text, found object")],
                            "score", "--reward-model", SMOKE / "holistic", "--precision", "float32")

    def test_a_prompt_that_is_longer_than_the_context_is_named(self):
        self.refuse(["generate", *POLICY, "--data", self.data, "--max-new-tokens", 90], f"{self.data}:1: ", "the model's context of 96")

    def test_a_missing_field_is_named(self):
        self.data.write_text('{"text": "a"}\n{"txt": "b"}\n')
        self.refuse(["tokenize", "--tokenizer", SMOKE / "policy", "--data", self.data], f"{self.data}:2: the field 'text' is missing")


class FilesTest(EndToEnd):
    def generate(self, model):
        """Greedy responses to the prompts, by their id."""
        done = self.succeed("generate", "--model", model, "--precision", "float32", "--temperature", 0, "--max-new-tokens", 12,
                            "--data", SMOKE / "prompts.jsonl")
        return {line["id"]: line["response"] for line in map(json.loads, done.stdout.splitlines())}

    def test_a_checkpoint_is_a_model(self):
        settings = {"run.steps": 3, "optimizer.lr": 0.05, "evaluate.every": 0, "evaluate.test_prompts": 0}
        run = self.train("run", settings=settings)

        trained = self.generate(run.path / "checkpoints/step-000003/policy")

        after = {s["record_id"]: s["response"] for s in read_lines(run.path / "samples.jsonl") if s["phase"] == "after"}
        self.assertEqual(len(after), 12)
        self.assertEqual(trained, after)
        self.assertNotEqual(trained, self.generate(SMOKE / "policy"))

    def test_a_checkpoints_adapter_merged_is_its_policy(self):
        run = self.train("run", settings={"run.steps": 2, "optimizer.lr": 0.05, "evaluate.every": 0, "evaluate.test_prompts": 0})
        checkpoint = run.path / "checkpoints/step-000002"

        self.succeed("convert", SMOKE / "policy", self.folder / "merged", "--adapter", checkpoint / "adapter", "--merge")
        self.succeed("convert", SMOKE / "policy", self.folder / "beside", "--adapter", checkpoint / "adapter")

        self.assertEqual(self.generate(self.folder / "merged"), self.generate(checkpoint / "policy"))
        self.assertEqual(self.generate(self.folder / "beside"), self.generate(SMOKE / "policy"))
        self.assertTrue((self.folder / "beside/adapter/adapter_config.json").exists())
        self.refuse(["convert", SMOKE / "policy", self.folder / "out", "--merge"], "--merge: expected --adapter DIR")
        self.assertFalse((self.folder / "out").exists())

    def test_convert_refuses_pickles_with_the_command_that_converts_them(self):
        pickled = self.folder / "pickled"
        pickled.mkdir()
        (pickled / "pytorch_model.bin").write_bytes(b"")
        self.refuse(["convert", pickled, self.folder / "out"], f"{pickled}/pytorch_model.bin: pickled weights",
                    f"`launch/convert-pickle {pickled} OUT`")
        self.refuse(["convert", SMOKE / "policy", self.folder / "out", "--dtype", "int8"], "--dtype int8: expected float32")

    def test_convert_keeps_the_model_and_refuses_to_overwrite(self):
        self.succeed("convert", SMOKE / "policy", self.folder / "wide", "--dtype", "float64")
        self.succeed("convert", self.folder / "wide", self.folder / "back", "--precision", "float32")

        self.assertEqual(self.generate(self.folder / "back"), self.generate(SMOKE / "policy"))
        self.refuse(["convert", SMOKE / "policy", self.folder / "back"], "exists already")

    def test_report_is_made_again_from_the_files_of_the_run(self):
        run = self.train("run", settings={"run.steps": 1, "evaluate.test_prompts": 2})
        made = (run.path / "report.html").read_text(encoding="utf-8")
        (run.path / "report.html").unlink()

        self.succeed("report", run.path)

        self.assertEqual((run.path / "report.html").read_text(encoding="utf-8"), made)
        self.refuse(["report", self.folder], "is no run directory")

    def test_config_prints_what_reads_back_to_itself(self):
        printed = self.succeed("config", CONFIG).stdout
        (self.folder / "printed.yaml").write_text(printed)
        self.assertEqual(self.succeed("config", self.folder / "printed.yaml").stdout, printed)
        self.assertIn("| `lr`", self.succeed("config", "--markdown").stdout)

    def test_a_config_reads_back_to_itself_where_names_of_the_embedded_one_were_removed(self):
        for removed in ({"rewards.aspects.grammar": "~", "rewards.compose.use": "[relevance]"}, {"reward_models.holistic": "~"},
                        {"reward_models": "~"}):
            with self.subTest(**removed):
                printed = self.succeed("config", CONFIG, *(f"--set={key}={value}" for key, value in removed.items())).stdout
                (self.folder / "printed.yaml").write_text(printed)
                self.assertEqual(self.succeed("config", self.folder / "printed.yaml").stdout, printed)
                self.assertRegex(printed, r"\n +(grammar|holistic): ~\n")

    def test_completion_knows_the_subcommands(self):
        script = self.succeed("completion").stdout
        words = subprocess.run(["bash", "-c", 'eval "$1"; COMP_WORDS=(alarm-dist tok); COMP_CWORD=1; _alarm_dist; echo ${COMPREPLY[@]}',
                                "bash", script], capture_output=True, text=True, check=True).stdout
        self.assertEqual(words.strip(), "tokenize")

    def test_a_dry_run_trains_nothing_and_says_what_would_be_done_and_taken(self):
        done = self.succeed("train", CONFIG, "--dry-run", "--out", self.folder / "run")
        self.assertIn("8 prompts x 2 samples in 4 groups; 2 mini-batches of 8, 2 epochs", done.stdout)
        self.assertRegex(done.stdout, r"a node's ranks share +0\.\d+ GiB")
        self.assertRegex(done.stdout, r"a colocated +0\.\d+ GiB of its own: program [^\n]*\n +phases: update 0\.\d+ \(\d+ rows at once\)")
        self.assertFalse((self.folder / "run").exists())

    def test_the_version_names_what_is_linked(self):
        self.assertIn("alarm-dist", alarm("--version").stdout)


if __name__ == "__main__":
    unittest.main()
