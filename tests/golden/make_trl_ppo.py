#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three PPO updates by TRL's own trainer; writes tests/data/train/trl_ppo.safetensors and trl_ppo.json.

Made with: python 3.11, torch 2.11.0, transformers 5.23.0, peft 0.21.2, accelerate 1.15.0, safetensors, numpy
(launch/wheels-golden.lock), trl 1.12.0 (trl.experimental.ppo, launch/wheels-oracles.lock); datasets, pandas and pyarrow, which are not used, are
stubs.
Usage: HF_HUB_OFFLINE=1 make_trl_ppo.py ORACLES OUTPUT_DIR   (launch/golden --oracles make_trl_ppo)
       ORACLES holds the folder trl-1.12.0

PPOTrainer.train() runs as it is, on tests/data/model/tiny_llama in float64 with LoRA on all projections. Put in its place:
 - policy.generate: returns the fixed responses of the update, with the policy's own logits / temperature as scores;
 - the reward model: a module whose hidden state is the fixed score of the row's response;
 - the value model: its backbone is the policy's own (with the adapter), with a linear head of its own. So the value loss
   reaches the adapter, and TRL's PolicyAndValueWrapper computes the backbone twice;
 - trainer.dataloader: a list of three batches in a fixed order, instead of a shuffling DataLoader;
 - numpy.random.permutation: the order in which alarm-dist visits the prompts (draw_permutation with the keys of Learner;
   the C++ test checks the numbers below against it);
 - RMSNorm and rotary embedding of transformers compute in float32 whatever the model's type: the same formulas in the
   model's type;
 - sending of telemetry.

Responses have the full length, so that TRL's handling of padding is not involved: with a shorter response TRL adds the score
one position after the last token and masks values one position later than log-probabilities. Prompts have different
lengths (TRL pads them on the left). TRL's temperature is 0.7 + 1e-7.
"""
import json
import os
import pathlib
import sys
import tempfile
import types

from stubs import stub

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", CUDA_VISIBLE_DEVICES="")

sys.path.insert(0, str(pathlib.Path(sys.argv[1]) / "trl-1.12.0"))
stub(["datasets", "pandas", "pyarrow"])

import numpy as np  # noqa: E402
import torch  # noqa: E402
from peft import LoraConfig  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import LlamaForCausalLM  # noqa: E402
from transformers.models.llama import modeling_llama  # noqa: E402
from transformers.utils import ModelOutput  # noqa: E402
from trl.experimental.ppo import PPOConfig, PPOTrainer  # noqa: E402

torch.set_num_threads(1)

MODEL = pathlib.Path(__file__).parent.parent / "data" / "model" / "tiny_llama"
UPDATES, EPOCHS, SAMPLES, MINI_BATCHES, LENGTH = 3, 2, 8, 2, 6
PAD = 0  # a token that no prompt or response has
RANK, ALPHA = 2, 4
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SETTINGS = {"learning_rate": 0.004, "temperature": 0.7, "kl_coef": 0.2, "cliprange": 0.1, "cliprange_value": 0.15,
            "vf_coef": 0.3, "gamma": 0.98, "lam": 0.9}
# ORDER[update][epoch]
ORDER = [[[0, 4, 6, 7, 3, 1, 5, 2], [6, 3, 2, 0, 5, 7, 4, 1]],
         [[4, 3, 7, 1, 5, 6, 0, 2], [6, 0, 3, 4, 7, 2, 1, 5]],
         [[7, 2, 5, 6, 1, 3, 4, 0], [7, 0, 5, 2, 3, 4, 6, 1]]]


def norm_forward(self, x):
    return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


def rotary_forward(self, x, position_ids):
    size = self.config.head_dim
    frequencies = 1.0 / 10000.0 ** (torch.arange(0, size, 2, dtype=x.dtype) / size)
    angles = position_ids[:, :, None].to(x.dtype) * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


modeling_llama.LlamaRMSNorm.forward = norm_forward
modeling_llama.LlamaRotaryEmbedding.forward = rotary_forward


def make_rollouts():
    generator = torch.Generator().manual_seed(6)
    draw = lambda n: torch.randint(3, 256, (n,), generator=generator).tolist()  # noqa: E731
    updates = []
    for _ in range(UPDATES):
        updates.append([{"prompt": draw(3 + sample % 4), "response": draw(LENGTH),
                         "score": round(torch.randn((), generator=generator).item(), 3)} for sample in range(SAMPLES)])
    return updates


class FixedPolicy:
    """policy.generate that returns the responses of the current update."""

    def __init__(self, model, updates):
        self.model, self.updates, self.update = model, updates, -1

    def __call__(self, input_ids, attention_mask, generation_config, **_):
        self.update += 1
        assert len(input_ids) == SAMPLES
        responses = torch.tensor([sample["response"] for sample in self.updates[self.update]])
        for row, mask, sample in zip(input_ids, attention_mask, self.updates[self.update]):
            assert row[mask.bool()].tolist() == sample["prompt"]
        tokens = torch.cat([input_ids, responses], 1)
        mask = torch.cat([attention_mask.bool(), torch.ones_like(responses, dtype=torch.bool)], 1)
        logits = self.model(input_ids=tokens, attention_mask=mask, position_ids=mask.cumsum(1) - mask.long()).logits
        logits = logits[:, input_ids.shape[1] - 1:-1] / generation_config.temperature
        return types.SimpleNamespace(sequences=tokens, scores=tuple(logits.unbind(1)))


class FixedScores(torch.nn.Module):
    base_model_prefix = "model"

    def __init__(self, updates):
        super().__init__()
        self.scores = {tuple(sample["response"]): sample["score"] for update in updates for sample in update}
        self.score = torch.nn.Identity()

    def model(self, input_ids, **_):
        scores = [self.scores[tuple(row[-LENGTH:].tolist())] for row in input_ids]
        hidden = torch.tensor(scores, dtype=torch.float64)[:, None, None].expand(*input_ids.shape, 1)
        return ModelOutput(hidden_states=(hidden,))


class SharedTrunkCritic(torch.nn.Module):
    base_model_prefix = "model"

    def __init__(self, trunk, head):
        super().__init__()
        self.model, self.score = trunk, head


def collate(update):
    width = max(len(sample["prompt"]) for sample in update)
    return {"input_ids": torch.tensor([[PAD] * (width - len(s["prompt"])) + s["prompt"] for s in update])}


def make_trainer(updates, folder):
    model = LlamaForCausalLM.from_pretrained(MODEL, dtype=torch.float64)
    head = torch.nn.Linear(model.config.hidden_size, 1, dtype=torch.float64)
    args = PPOConfig(
        output_dir=folder, num_ppo_epochs=EPOCHS, num_mini_batches=MINI_BATCHES, total_episodes=UPDATES * SAMPLES,
        per_device_train_batch_size=SAMPLES, response_length=LENGTH, num_sample_generations=0, stop_token=None,
        lr_scheduler_type="linear", warmup_steps=0, weight_decay=0.0, adam_epsilon=1e-8, optim="adamw_torch", bf16=False,
        gradient_checkpointing=False, report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=True, seed=1, **SETTINGS)
    # TRL asks its processing class for these two tokens only.
    tokens = types.SimpleNamespace(pad_token_id=PAD, eos_token_id=2)
    trainer = PPOTrainer(
        args=args, processing_class=tokens, model=model, ref_model=None, reward_model=FixedScores(updates),
        train_dataset=[sample for update in updates for sample in update], eval_dataset=[],
        value_model=SharedTrunkCritic(model.model, head), data_collator=collate,
        peft_config=LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=TARGETS, task_type="CAUSAL_LM"))
    return trainer, head


def trained(trainer, head):
    tensors = {name.replace(".default", ""): p for name, p in trainer.policy_model.named_parameters() if "lora_" in name}
    return {**tensors, "value_head.weight": head.weight, "value_head.bias": head.bias}


def main(out):
    updates = make_rollouts()
    trainer, head = make_trainer(updates, tempfile.mkdtemp())
    generator = torch.Generator().manual_seed(7)
    parameters, snapshots = trained(trainer, head), {}
    with torch.no_grad():
        for parameter in parameters.values():
            assert parameter.requires_grad
            parameter.data = 0.1 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    optimized = {id(p) for group in trainer.optimizer.param_groups for p in group["params"]}
    assert optimized == {id(p) for p in parameters.values()}

    def keep(name):
        for key, parameter in parameters.items():
            snapshots[f"{name}.{key}"] = parameter.detach().clone()

    keep("start")
    trainer.policy_model.generate = FixedPolicy(trainer.policy_model, updates)
    trainer.dataloader = [collate(update) for update in updates]
    order = iter([epoch for update in ORDER for epoch in update])
    np.random.permutation = lambda n: np.array(next(order))
    metrics = []
    trainer.log = lambda values, *_: (metrics.append(values), keep(f"update{len(metrics)}"))
    trainer.train()
    assert len(metrics) == UPDATES and next(order, None) is None

    kept = {name: t.contiguous() for name, t in snapshots.items() if not name.startswith("update2")}
    save_file(kept, out / "trl_ppo.safetensors")
    names = ["objective/kl", "policy/clipfrac_avg", "val/clipfrac_avg", "lr"]
    text = {"lora": {"rank": RANK, "alpha": ALPHA}, "settings": SETTINGS, "epochs": EPOCHS,
            "minibatch": SAMPLES // MINI_BATCHES, "order": ORDER, "updates": updates,
            "metrics": [{name: values[name] for name in names} for values in metrics]}
    (out / "trl_ppo.json").write_text(json.dumps(text) + "\n")
    for values in metrics:
        print({name: values[name] for name in names}, values["policy/approxkl_avg"], values["loss/policy_avg"])


main(pathlib.Path(sys.argv[2]))
