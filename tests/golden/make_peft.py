# SPDX-License-Identifier: Apache-2.0
"""LoRA adapters between PEFT and alarm-dist. torch 2.11.0, transformers 5.23.0, peft 0.21.2, safetensors 0.8.0,
tokenizers 0.23.3.

  make_peft.py write DATA_DIR           an adapter of DATA_DIR/tiny_llama as PEFT writes it, and the adapted model's logits
  make_peft.py commands DATA_DIR        an adapter of DATA_DIR/../smoke/policy, and what the adapted model answers greedily to
                                        the first of the smoke prompts: DATA_DIR/smoke_adapter, smoke_adapter_golden.json
  make_peft.py reward DATA_DIR          an adapter of the same policy as a reward model, with its score head, and its rewards:
                                        DATA_DIR/smoke_reward_adapter, smoke_reward_adapter_golden.json
  make_peft.py check ADAPTER [MODEL]    reads an adapter that alarm-dist wrote (ALARM_KEEP_ADAPTER=DIR of the test
                                        PeftAdapter.WritesWhatItRead) onto MODEL; it has the values of the one above, so that
                                        the logits must be the golden ones
"""
import json
import pathlib
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, LlamaForCausalLM

TOKENS = [5, 17, 99, 3, 250, 8, 41, 64, 31, 12, 200, 5]
DATA = pathlib.Path(__file__).resolve().parents[1] / "data/model"


def in_double(model):
    """Without the float32 islands of Transformers' Llama (norms and rotary angles), as in make_llama.py."""
    from transformers.models.llama import modeling_llama as llama

    def norm(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)

    def rotary(self, x, position_ids):
        size = self.config.head_dim
        frequencies = 1.0 / 10000.0 ** (torch.arange(0, size, 2, dtype=x.dtype) / size)
        angles = position_ids[:, :, None].to(x.dtype) * frequencies
        angles = torch.cat([angles, angles], -1)
        return angles.cos(), angles.sin()

    llama.LlamaRMSNorm.forward, llama.LlamaRotaryEmbedding.forward = norm, rotary
    return model.double().eval()


def logits(model, tokens=TOKENS):
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0]


def adapt(base, folder, size, task="CAUSAL_LM", **options):
    """The model with an adapter of random values, which is written to the folder."""
    config = LoraConfig(r=3, lora_alpha=12, target_modules=["q_proj", "v_proj", "down_proj"], task_type=task)
    auto = {"CAUSAL_LM": AutoModelForCausalLM, "SEQ_CLS": AutoModelForSequenceClassification}[task]
    model = get_peft_model(auto.from_pretrained(base, **options), config)
    generator = torch.Generator().manual_seed(6)
    for name, tensor in model.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            tensor.data = size * torch.randn(tensor.shape, generator=generator)
    model.save_pretrained(folder)
    file = folder / "adapter_config.json"
    config = json.loads(file.read_text())
    config["base_model_name_or_path"] = base.name  # not a path of this machine
    for names in ("target_modules", "modules_to_save"):
        config[names] = config[names] and sorted(config[names])  # a set in PEFT: its order changes from run to run
    file.write_text(json.dumps(config, indent=2) + "\n")
    (folder / "README.md").unlink(missing_ok=True)
    return model


def answer(model, prompt, count=12):
    """Tokens and their log-probabilities."""
    tokens, logprobs = list(prompt), []
    with torch.no_grad():
        while len(logprobs) < count and tokens[-1] != model.config.eos_token_id:
            last = model(torch.tensor([tokens])).logits[0, -1].log_softmax(-1)
            tokens.append(last.argmax().item())
            logprobs.append(last[tokens[-1]].item())
    return tokens[len(prompt):], logprobs


def commands(data):
    smoke = data.parent / "smoke"
    base = LlamaForCausalLM.from_pretrained(smoke / "policy")
    model = in_double(adapt(smoke / "policy", data / "smoke_adapter", 0.15))
    tokenizer = Tokenizer.from_file(str(smoke / "policy/tokenizer.json"))
    golden = []
    for line in (smoke / "prompts.jsonl").read_text().splitlines()[:6]:
        record = json.loads(line)
        prompt = tokenizer.encode(record["prompt"]).ids
        tokens, logprobs = answer(model, prompt)
        plain = answer(in_double(base), prompt)[0]
        golden.append({"id": record["id"], "tokens": tokens, "logprobs": logprobs, "without": plain})
    lines = ",\n".join(json.dumps(entry) for entry in golden)
    (data / "smoke_adapter_golden.json").write_text(f"[{lines}]\n")


def reward(data):
    smoke = data.parent / "smoke"
    model = in_double(adapt(smoke / "policy", data / "smoke_reward_adapter", 0.15, "SEQ_CLS", num_labels=1))
    tokenizer = Tokenizer.from_file(str(smoke / "policy/tokenizer.json"))
    golden = []
    for line in (smoke / "prompts.jsonl").read_text().splitlines()[:6]:
        record = json.loads(line)
        score = logits(model, tokenizer.encode(record["question"] + " " + record["reference"]).ids).item()
        golden.append({"id": record["id"], "reward": score})
    lines = ",\n".join(json.dumps(entry) for entry in golden)
    (data / "smoke_reward_adapter_golden.json").write_text(f"[{lines}]\n")


def write(data):
    model = adapt(data / "tiny_llama", data / "tiny_llama_adapter", 0.1)
    golden = {"logits": logits(in_double(model)), "tokens": torch.tensor(TOKENS)}
    save_file(golden, data / "tiny_llama_adapter_golden.safetensors")


def check(adapter, base):
    model = in_double(PeftModel.from_pretrained(LlamaForCausalLM.from_pretrained(base), adapter))
    golden = load_file(DATA / "tiny_llama_adapter_golden.safetensors")
    difference = (logits(model) - golden["logits"]).abs().max().item()
    print(f"{adapter}: {model.active_peft_config.to_dict()['target_modules']}, largest difference of logits {difference:.2e}")
    sys.exit(0 if difference <= 1e-9 else 1)


if sys.argv[1] == "write":
    write(pathlib.Path(sys.argv[2]))
elif sys.argv[1] == "commands":
    commands(pathlib.Path(sys.argv[2]))
elif sys.argv[1] == "reward":
    reward(pathlib.Path(sys.argv[2]))
else:
    check(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else DATA / "tiny_llama")
