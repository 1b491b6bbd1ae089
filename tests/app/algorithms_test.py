# SPDX-License-Identifier: Apache-2.0
"""Every algorithm through the whole program on tiny models: alone and split over roles the same first update, a resumed run
the same bits, and what cannot go together refused at start."""
import json
import math
import shutil
import unittest

from e2e import SMOKE, EndToEnd, Run, alarm, read_lines, set_options, write_lines, CONFIG

KINDS = ("etpo", "grpo", "dr_grpo", "rloo", "reinforce++", "reinforce++-baseline", "dapo", "gspo", "cispo", "dpo", "ipo", "simpo", "kto",
         "selm", "sft")
SHORT = {"run.steps": 2, "evaluate.test_prompts": 4, "rollout.samples_per_prompt": 4, "algorithm.minibatch": 16,
         "algorithm.sampling_rounds": 2}
SPLIT = {"placement.rollout": 2, "placement.reward": 1, "placement.learner": 1}
OWN_CRITIC = ("ppo", "etpo")
COMPARED = ("grad_norm", "grad_norm/critic", "loss/policy", "loss/value", "kl/k1", "entropy")
TOLERANCE = 1e-5  # relative, float32


class AlgorithmsTest(EndToEnd):
    def expect_close(self, got, wanted, what):
        for key in COMPARED:
            if key not in wanted:  # sft has no divergence, most no critic
                continue
            # A policy gradient's first loss is a sum that is 0 in exact arithmetic, of terms of size 1.
            scale = max(abs(wanted[key]), 1.0 if key == "loss/policy" else 1e-3)
            self.assertLessEqual(abs(got[key] - wanted[key]), TOLERANCE * scale, f"{what} {key}: {got[key]}, {wanted[key]}")

    def adapter(self, run, step):
        return (self.folder / run / f"checkpoints/step-{step:06}/optimizer/trained.safetensors").read_bytes()

    def test_every_kind_learns_the_same_alone_and_split_over_roles(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                settings = {**SHORT, "algorithm.kind": kind, "algorithm.epochs": 1,
                            **({"rollout.samples_per_prompt": 1} if kind == "sft" else {})}
                alone = self.train(f"{kind}-alone", settings=settings).metrics()
                split = self.train(f"{kind}-split", ranks=4, settings={**settings, **SPLIT}).metrics()

                # The Q-values of etpo begin at 0 and its policy as the reference: only the critic has something to learn.
                self.assertGreater(alone[1]["grad_norm/critic" if kind == "etpo" else "grad_norm"], 1e-6)
                self.expect_close(split[1], alone[1], kind)

    def test_a_policy_whose_every_weight_is_trained_learns_the_same_alone_split_and_resumed(self):
        settings = {**SHORT, "policy.train": "full", "optimizer.lr": 1e-3, "algorithm.epochs": 1, "evaluate.every": 1}
        whole = self.train("full", settings=settings)
        self.train("full-parts", settings={**settings, "run.steps": 1})
        parts = self.train("full-parts", "--resume", settings=settings)
        split = self.train("full-split", ranks=4, settings={**settings, **SPLIT})

        self.expect_close(split.metrics()[1], whole.metrics()[1], "full")
        self.assertEqual((parts.digest(), parts.metrics()), (whole.digest(), whole.metrics()))
        self.assertGreater(whole.metrics()[2]["kl/k1"], 0)  # against the model as it was loaded
        checkpoint = self.folder / "full/checkpoints/step-000002"
        self.assertFalse((checkpoint / "adapter").exists())
        answers = [self.succeed("generate", "--model", model, "--temperature", 0, "--max-new-tokens", 12, text='{"prompt": "a cat"}').stdout
                   for model in (checkpoint / "policy", SMOKE / "policy")]
        self.assertNotEqual(*answers)
        self.refuse(["train", CONFIG, "--out", self.folder / "none", *set_options({**settings, "algorithm.kind": "etpo"})],
                    "policy.train: full, but etpo trains an adapter only")

    def test_preferences_and_answers_say_what_they_learned(self):
        dpo = self.train("dpo", settings={**SHORT, "algorithm.kind": "dpo", "run.steps": 1, "algorithm.epochs": 1}).metrics()[1]
        # Before the first update the policy is the reference: every margin is 0 and every loss log 2.
        self.assertAlmostEqual(dpo["loss/policy"], math.log(2), places=5)
        self.assertEqual(dpo["preference/pairs"] + dpo["preference/without"], 4)

        sft = self.train("sft", settings={**SHORT, "algorithm.kind": "sft", "run.steps": 12, "rollout.samples_per_prompt": 1,
                                          "optimizer.lr": 0.01, "checkpoint.keep_best": "eval/logprob"}).metrics()
        self.assertGreater(sft[12]["eval/logprob"], sft[2]["eval/logprob"])

    def test_answers_that_lose_their_ends_are_counted(self):
        records = read_lines(SMOKE / "prompts.jsonl")
        for i, record in enumerate(records):
            record["reference"] = "A cat." * (40 if i < 3 else 1)
        data = write_lines(self.folder / "long.jsonl", records)
        settings = {**SHORT, "algorithm.kind": "sft", "run.steps": 1, "rollout.samples_per_prompt": 1, "task.train": data}

        done = self.succeed("train", CONFIG, "--out", self.folder / "long", *set_options(settings))

        self.assertIn(f"3 of {len(records)} answers lose their ends", done.stderr)

    def test_answers_are_learned_without_any_reward(self):
        settings = {**SHORT, "algorithm.kind": "sft", "run.steps": 6, "rollout.samples_per_prompt": 1, "optimizer.lr": 0.01,
                    "rewards": "~", "checkpoint.keep_best": "eval/logprob"}
        shown = self.succeed("train", CONFIG, "--dry-run", *set_options(settings)).stdout
        self.assertNotIn("holistic", shown)

        whole = self.train("sft-alone", settings=settings)
        metrics = whole.metrics()
        self.assertGreater(metrics[6]["eval/logprob"], metrics[0]["eval/logprob"])
        for line in metrics.values():
            self.assertEqual([key for key in line if "reward" in key], [])
            if "eval/logprob" in line:
                self.assertAlmostEqual(line["eval/perplexity"], math.exp(-line["eval/logprob"]), places=6)
        evaluation = json.loads((whole.path / "evaluation.json").read_text(encoding="utf-8"))
        rows = {row["name"]: row for row in evaluation["rows"]}
        self.assertEqual(set(rows), {"logprob", "length"})
        self.assertGreater(rows["logprob"]["difference"], 0)
        self.assertIn("log-probability of the expert", (whole.path / "report.html").read_text(encoding="utf-8"))

        # With rewards, which only watch, the same weights; cut in two and on two ranks as well.
        watched = self.train("sft-watched", settings={key: value for key, value in settings.items() if key != "rewards"})
        self.assertEqual(watched.digest(), whole.digest())
        self.train("sft-parts", settings={**settings, "run.steps": 3})
        self.assertEqual(self.train("sft-parts", "--resume", settings=settings).digest(), whole.digest())
        ranks = self.train("sft-ranks", ranks=2, settings=settings).metrics()
        self.assertAlmostEqual(ranks[6]["eval/logprob"], metrics[6]["eval/logprob"], places=3)

    def test_given_pairs_are_learned_without_any_reward(self):
        records = [{**record, "rejected": "Water."} for record in read_lines(SMOKE / "prompts.jsonl")]
        data = write_lines(self.folder / "pairs.jsonl", records)
        settings = {**SHORT, "algorithm.kind": "dpo", "algorithm.data": "references", "rollout.samples_per_prompt": 2, "rewards": "~",
                    "task.train": data, "optimizer.lr": 0.01, "checkpoint.keep_best": "eval/logprob"}

        metrics = self.train("dpo-given", settings=settings).metrics()

        self.assertGreater(metrics[2]["preference/accuracy"], 0.5)
        self.assertIn("eval/logprob", metrics[2])

    def test_who_learns_from_rewards_needs_them(self):
        for settings, reason in (({"rewards": "~"}, "ppo learns from the rewards of its samples"),
                                 ({"rewards": "~", "algorithm.kind": "sft", "rollout.samples_per_prompt": 1},
                                  "'eval/reward/holistic' is not measured; expected one of eval/logprob"),
                                 ({"rewards.holistic": "~"}, "it cannot be taken away"),
                                 ({"algorithm.kind": "dpo", "algorithm.kl.coef": 0.3}, "there is no KL term"),
                                 ({"algorithm.kind": "kto", "algorithm.preference.desirable_weight": 0,
                                   "algorithm.preference.undesirable_weight": 0}, "nothing would be learned"),
                                 ({"optimizer.warmup": 9}, "the run has run.steps = 4"),
                                 ({"optimizer.ema.decay": 0.9, "optimizer.ema.start": 4}, "the run ends after run.steps = 4"),
                                 ({"evaluate.every": 0, "checkpoint.keep_best": "eval/reward/total"}, "is never measured")):
            with self.subTest(**settings):
                self.refuse(["train", CONFIG, "--out", self.folder / "refused", *set_options(settings)], reason)

    def test_responses_without_an_end_pay_for_it(self):
        settings = {**SHORT, "run.steps": 1, "evaluate.every": 0}
        plain = self.train("plain", settings=settings).metrics()[1]
        fined = self.train("fined", settings={**settings, "rewards.missing_end_penalty": 3}).metrics()[1]

        self.assertLess(plain["tokens/ended_fraction"], 1)  # the same samples of the same policy
        self.assertAlmostEqual(fined["reward/total"], plain["reward/total"] - 3 * (1 - plain["tokens/ended_fraction"]), places=5)

    def test_components_with_values_of_their_own_learn_the_same_alone_split_and_resumed(self):
        settings = {**SHORT, "algorithm.epochs": 1, "evaluate.every": 1, "rewards.compose.kind": "weighted_sum",
                    "algorithm.fine_grained.values": "each",
                    "algorithm.fine_grained.components.relevance.kl": 0.1, "algorithm.fine_grained.components.grammar.lambda": 0.5}
        whole = self.train("fine", settings=settings)
        self.train("fine-parts", settings={**settings, "run.steps": 1})
        parts = self.train("fine-parts", "--resume", settings=settings)
        split = self.train("fine-split", ranks=4, settings={**settings, **SPLIT})

        self.expect_close(split.metrics()[1], whole.metrics()[1], "fine-grained")
        self.assertEqual((parts.digest(), parts.metrics()), (whole.digest(), whole.metrics()))
        explained = {key for key in whole.metrics()[2] if key.startswith("explained_variance/")}
        self.assertEqual(explained, {f"explained_variance/{name}" for name in ("holistic", "relevance", "grammar")})

    def test_the_first_sample_of_selm_is_what_the_policy_answers_at_temperature_0(self):
        settings = {**SHORT, "algorithm.kind": "selm", "run.steps": 1}
        cold, hot = (self.train(name, settings={**settings, "rollout.temperature": t}).samples(1)
                     for name, t in (("selm-cold", 0.7), ("selm-hot", 2)))
        firsts, others = ([[s for s in samples if (s[0] % 4 == 0) == first] for samples in (cold, hot)] for first in (True, False))

        self.assertGreaterEqual(len(firsts[0]), 1)
        self.assertEqual(*firsts)
        self.assertNotEqual(*others)

    def test_pairs_of_the_data_set(self):
        records = [{**record, "rejected": "Zz zz zz zz."} for record in read_lines(SMOKE / "prompts.jsonl")]
        data = write_lines(self.folder / "pairs.jsonl", records)
        settings = {**SHORT, "algorithm.kind": "dpo", "algorithm.data": "references", "task.train": data, "optimizer.lr": 0.01,
                    "run.steps": 6, "rollout.samples_per_prompt": 2}
        metrics = self.train("pairs", settings=settings).metrics()

        self.assertEqual(metrics[1]["preference/pairs"], 8)
        self.assertGreater(metrics[6]["preference/accuracy"], 0.9)
        self.assertGreater(metrics[6]["preference/margin"], 0)
        done = self.refuse(["train", CONFIG, "--out", self.folder / "none",
                            *set_options({**settings, "task.train": SMOKE / "prompts.jsonl"})], 'no "rejected" answer')
        self.assertIn("prompts.jsonl:1", done.stderr)

    def test_moving_references_resume_with_the_same_bits(self):
        for kind in ("moving_average", "reset"):
            with self.subTest(kind=kind):
                settings = {**SHORT, "algorithm.kind": "selm", "algorithm.reference.kind": kind, "run.steps": 4}
                if kind == "reset":
                    settings["algorithm.reference.every"] = 1
                whole = self.train(f"{kind}-whole", settings=settings)
                self.train(f"{kind}-parts", settings={**settings, "run.steps": 2})
                parts = self.train(f"{kind}-parts", "--resume", settings=settings)

                self.assertEqual(parts.digest(), whole.digest())
                self.assertEqual(parts.metrics(), whole.metrics())
                # With the policy of the step before as reference the divergence stays that of one step.
                if kind == "reset":
                    self.assertEqual(whole.metrics()[2]["kl/k1"], 0.0)

    def test_the_average_of_the_weights_is_evaluated_everywhere_and_resumes_with_the_same_bits(self):
        settings = {**SHORT, "optimizer.ema.decay": 0.7, "optimizer.lr": 0.02, "evaluate.weights": "ema", "evaluate.every": 1,
                    "algorithm.epochs": 1, "run.steps": 4}
        whole = self.train("ema-whole", settings=settings)
        self.train("ema-parts", settings={**settings, "run.steps": 2})
        parts = self.train("ema-parts", "--resume", settings=settings)
        split = self.train("ema-split", ranks=4, settings={**settings, **SPLIT})
        last = self.train("ema-last", settings={**settings, "evaluate.weights": "last"})

        self.assertEqual(parts.digest(), whole.digest())
        self.assertEqual(parts.metrics(), whole.metrics())
        key = "eval/reward/holistic"
        for step in (1, 2):
            self.assertAlmostEqual(split.metrics()[step][key], whole.metrics()[step][key], places=4)
        # Training does not see it; evaluation does.
        self.assertEqual(self.adapter("ema-last", 4), self.adapter("ema-whole", 4))
        self.assertNotEqual([last.metrics()[s][key] for s in (1, 2, 3, 4)], [whole.metrics()[s][key] for s in (1, 2, 3, 4)])
        released = [(self.folder / run / "checkpoints/step-000004/adapter/adapter_model.safetensors").read_bytes()
                    for run in ("ema-whole", "ema-last")]
        self.assertNotEqual(*released)
        self.refuse(["train", CONFIG, "--out", self.folder / "none", *set_options({"evaluate.weights": "ema"})],
                    "no average is kept")

    def test_a_bound_on_the_divergence_stops_or_rolls_back(self):
        settings = {**SHORT, "run.steps": 4, "optimizer.lr": 0.02, "algorithm.kl.bound": 1e-3, "algorithm.kl.coef": 0.25,
                    "algorithm.kl.target": 0}
        stopped = alarm("train", CONFIG, "--out", self.folder / "stopped", *set_options(settings))
        self.assertEqual(stopped.returncode, 1, stopped.stderr)
        self.assertIn("the bound is 0.001", stopped.stderr)

        # One step beyond the bound: the weights of the step before are taken again, and training goes on from them.
        free = self.train("free", settings={**settings, "run.steps": 8, "algorithm.kl.bound": 0}).metrics()
        bound = (free[3]["kl/k1"] + free[4]["kl/k1"]) / 2
        self.assertLess(free[3]["kl/k1"], free[4]["kl/k1"])
        settings = {**settings, "run.steps": 8, "algorithm.kl.bound": bound, "algorithm.kl.on_bound": "rollback",
                    "checkpoint.keep": 8}
        rolled = self.train("rolled", settings=settings).metrics()
        self.assertGreater(rolled[4]["kl/k1"], bound)
        self.assertLess(rolled[5]["kl/k1"], bound)
        self.assertEqual(rolled[5]["kl/coef"], 2 * rolled[4]["kl/coef"])
        self.assertNotEqual(rolled[6]["kl/k1"], rolled[5]["kl/k1"])
        # The step that broke the bound leaves the weights that were found within it, not its own.
        self.assertEqual(self.adapter("rolled", 4), self.adapter("rolled", 2))
        self.assertNotEqual(self.adapter("rolled", 4), self.adapter("rolled", 3))
        self.assertNotEqual(self.adapter("rolled", 5), self.adapter("rolled", 4))
        self.train("rolled-sparse", settings={**settings, "checkpoint.every": 2})
        self.assertEqual(self.adapter("rolled-sparse", 4), self.adapter("rolled", 2))
        split = self.train("rolled-split", ranks=4, settings={**settings, **SPLIT}).metrics()
        self.assertEqual(split[5]["kl/coef"], rolled[5]["kl/coef"])

    def test_a_schedule_over_the_steps_is_not_resumed_with_other_steps(self):
        settings = {**SHORT, "optimizer.schedule": "cosine"}
        self.train("cosine", settings=settings)
        self.refuse(["train", CONFIG, "--out", self.folder / "cosine", "--resume", *set_options({**settings, "run.steps": 3})],
                    "another config", "steps")

    def test_steps_that_are_not_finite_are_skipped_thrice_at_most(self):
        settings = {**SHORT, "algorithm.kl.coef": 1e308, "algorithm.kl.target": 0, "run.steps": 6, "algorithm.on_nonfinite": "skip"}
        done = alarm("train", CONFIG, "--out", self.folder / "skip", *set_options(settings))

        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("for the 3rd time in a row", done.stderr)

    def other_tokens(self):
        """The policy's folder with two tokens' numbers exchanged."""
        folder = self.folder / "other-tokens"
        shutil.copytree(SMOKE / "policy", folder)
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        vocabulary = tokenizer["model"]["vocab"]
        one, other = sorted(vocabulary, key=vocabulary.get)[40:42]
        vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
        return folder

    def test_a_critic_of_its_own_learns_the_same_split_and_resumed(self):
        for kind in OWN_CRITIC:
            with self.subTest(kind=kind):
                settings = {**SHORT, "run.steps": 4, "algorithm.kind": kind, "algorithm.critic.model": SMOKE / "policy"}
                whole = self.train(f"{kind}-whole", settings=settings)
                self.train(f"{kind}-parts", settings={**settings, "run.steps": 2})
                parts = self.train(f"{kind}-parts", "--resume", settings=settings)

                self.assertEqual(parts.digest(), whole.digest())
                self.assertEqual(parts.metrics(), whole.metrics())
                self.assertEqual(self.critic(parts, 4), self.critic(whole, 4))
                self.assertNotEqual(self.critic(whole, 4), self.critic(whole, 3))

                settings = {**settings, "run.steps": 1, "algorithm.epochs": 1}
                alone = self.train(f"{kind}-alone", settings=settings).metrics()[1]
                split = self.train(f"{kind}-split", ranks=4, settings={**settings, **SPLIT, "placement.rollout": 1,
                                                                      "placement.learner": 2}).metrics()[1]
                self.assertGreater(alone["grad_norm/critic"], 1e-6)
                self.expect_close(split, alone, kind)

    def test_a_rollback_takes_back_the_critic_its_target_and_the_average_too(self):
        settings = {**SHORT, "algorithm.kind": "etpo", "run.steps": 8, "optimizer.lr": 0.02, "algorithm.kl.coef": 0.25,
                    "algorithm.kl.target": 0, "optimizer.ema.decay": 0.7, "checkpoint.keep": 8}
        free = {step: line["kl/k1"] for step, line in self.train("free", settings=settings).metrics().items() if step > 0}
        # The first step after the second that is farther from the reference than all before it.
        beyond = next(step for step in range(3, 9) if free[step] > max(free[s] for s in range(1, step)))
        bound = (free[beyond] + max(free[s] for s in range(1, beyond))) / 2

        rolled = self.train("rolled", settings={**settings, "algorithm.kl.bound": bound, "algorithm.kl.on_bound": "rollback"})

        def kept(step):
            return self.critic(rolled, step), self.adapter("rolled", step), self.average(rolled, step)

        self.assertEqual(kept(beyond), kept(beyond - 2))
        for taken_back, left in zip(kept(beyond), kept(beyond - 1)):
            self.assertNotEqual(taken_back, left)
        self.assertEqual(rolled.metrics()[beyond + 1]["kl/coef"], 2 * rolled.metrics()[beyond]["kl/coef"])

    def test_a_step_that_is_not_finite_leaves_a_critic_of_its_own_as_it_was(self):
        settings = {**SHORT, "algorithm.critic.model": SMOKE / "policy", "algorithm.kl.coef": 1e308, "algorithm.kl.target": 0,
                    "algorithm.epochs": 1, "run.steps": 3, "algorithm.on_nonfinite": "skip", "optimizer.ema.decay": 0.7,
                    "checkpoint.keep": 3}
        run = self.train("skip", settings=settings)

        metrics = run.metrics()
        self.assertEqual([metrics[step]["skipped_minibatches"] for step in (1, 2, 3)], [0, 1, 1])
        for step in (2, 3):
            self.assertEqual(self.critic(run, step), self.critic(run, 1))
            self.assertEqual(self.adapter("skip", step), self.adapter("skip", 1))
            self.assertEqual(self.average(run, step), self.average(run, 1))

    def average(self, run, step):
        return (run.path / f"checkpoints/step-{step:06}/optimizer/average.safetensors").read_bytes()

    def critic(self, run, step):
        return (run.path / f"checkpoints/step-{step:06}/critic/weights.safetensors").read_bytes()

    def test_a_critic_is_refused_that_reads_other_tokens(self):
        settings = {**SHORT, "algorithm.critic.model": self.other_tokens()}
        self.refuse(["train", CONFIG, "--out", self.folder / "refused", *set_options(settings)], "has another tokenizer",
                    "token 40 is")
        self.refuse(["train", CONFIG, "--dry-run", *set_options(settings)], "has another tokenizer")
        shown = self.succeed("train", CONFIG, "--dry-run", *set_options({"algorithm.critic.model": SMOKE / "policy"})).stdout
        self.assertRegex(shown, r"critic +\S*smoke/policy")

    def test_a_critic_is_refused_before_reward_models_are_trained_for_it(self):
        short = self.folder / "short"
        shutil.copytree(SMOKE / "policy", short)
        shape = json.loads((short / "config.json").read_text(encoding="utf-8"))
        (short / "config.json").write_text(json.dumps({**shape, "max_position_embeddings": 20}), encoding="utf-8")
        models = self.folder / "reward-models"
        for critic, reason, ranks, code in ((self.other_tokens(), "has another tokenizer", 2, 2),
                                            (self.folder / "nowhere", "nowhere", 0, 1),
                                            (short, "does not fit the model's context of 20", 0, 2)):
            with self.subTest(critic=critic.name):
                settings = {**SHORT, "algorithm.critic.model": critic, "paths.reward_models": models,
                            "rewards.holistic.source.model": "holistic"}
                self.refuse(["train", CONFIG, "--out", self.folder / critic.name, *set_options(settings)], reason, ranks=ranks,
                            code=code)
                self.assertFalse(models.exists())

    def test_what_is_not_finite_leaves_its_samples_behind(self):
        settings = {**SHORT, "algorithm.kl.coef": 1e308, "algorithm.kl.target": 0, "run.steps": 3}
        done = alarm("train", CONFIG, "--out", self.folder / "bad", *set_options(settings))

        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("nothing was updated", done.stderr)
        [file] = (self.folder / "bad" / "nonfinite").iterdir()
        self.assertEqual({"sample", "prompt_tokens", "response_tokens", "rewards"} - set(read_lines(file)[0]), set())
        self.assertIn(str(file), done.stderr)

    def test_impossible_combinations_are_refused_with_the_reason(self):
        for settings, reason in (
                ({"algorithm.kind": "grpo", "rollout.samples_per_prompt": 1}, "compares the samples of a prompt"),
                ({"algorithm.kind": "grpo", "algorithm.advantage": "gae"}, "grpo has no critic"),
                ({"algorithm.kind": "dpo", "algorithm.kl.placement": "loss"}, "has no KL term"),
                ({"algorithm.kind": "grpo", "algorithm.kl.estimator": "k1"}, "gradient 0 on average"),
                ({"algorithm.kind": "etpo", "algorithm.whiten": "global"}, "etpo has no advantages"),
                ({"algorithm.kind": "etpo", "algorithm.kl.placement": "reward"}, "etpo has the divergence itself"),
                ({"algorithm.kind": "etpo", "algorithm.advantage": "group_centred"}, "cannot be changed"),
                ({"algorithm.kind": "sft"}, "gives one answer a prompt"),
                ({"algorithm.kind": "selm", "algorithm.data": "references", "rollout.samples_per_prompt": 2}, "selm needs samples"),
                ({"algorithm.kind": "rloo", "algorithm.preference.first_sample": "greedy"}, "not one of the policy"),
                ({"algorithm.fine_grained.components.holistic.lambda": 0.5}, "set values: each"),
                ({"algorithm.fine_grained.components.fluency.weight": 2}, "is not part of the composition"),
                ({"algorithm.kind": "grpo", "algorithm.fine_grained.values": "each"}, "grpo does not use"),
                ({"algorithm.correction.kind": "masked", "algorithm.correction.low": 3}, "less than high"),
                ({"algorithm.kind": "dapo", "algorithm.kl.bound": 1, "algorithm.kl.on_bound": "rollback"}, "there is none here"),
                ({"algorithm.kind": "grpo", "algorithm.critic.model": SMOKE / "policy"}, "grpo has no critic"),
                ({"algorithm.kind": "etpo", "algorithm.kl.coef": 0}, "temperature of its optimum"),
                ({"algorithm.critic.adapter.lora.rank": 4}, "no model for it"),
                ({"optimizer.ema.start": 3}, "no average is kept"),
                ({"algorithm.kind": "grop"}, "did you mean")):
            with self.subTest(**settings):
                self.refuse(["train", CONFIG, "--out", self.folder / "refused", *set_options(settings)], reason)


if __name__ == "__main__":
    unittest.main()
