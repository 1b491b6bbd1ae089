# SPDX-License-Identifier: Apache-2.0
"""Golden numbers of a random tiny Llama (tests/data/model/tiny_llama). torch 2.11.0, transformers 5.23.0, safetensors.

Everything is computed in float64. Transformers' RMSNorm and rotary embedding compute in float32 whatever the model's type,
so both are replaced by the same formulas in the model's type. LoRA is a plain W x + (alpha / rank) B A x.
Usage: make_llama.py OUTPUT_DIR
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.generation.logits_process import (TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)
from transformers.models.llama import modeling_llama

PROMPT = [5, 17, 99, 3, 250, 8, 41]
RESPONSES = [[7, 7, 19], [100, 2], [64, 31, 12, 200, 5]]
RANK, ALPHA = 4, 8.0
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def norm_forward(self, x):
    return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


def rotary_forward(self, x, position_ids):
    size = self.config.head_dim
    frequencies = 1.0 / THETA ** (torch.arange(0, size, 2, dtype=x.dtype) / size)
    angles = position_ids[:, :, None].to(x.dtype) * frequencies
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


THETA = 10000.0
modeling_llama.LlamaRMSNorm.forward = norm_forward
modeling_llama.LlamaRotaryEmbedding.forward = rotary_forward


class Lora(torch.nn.Module):
    def __init__(self, base, name, tensors):
        super().__init__()
        self.base, self.a, self.b = base, tensors[name + ".lora_A.weight"], tensors[name + ".lora_B.weight"]

    def forward(self, x):
        return self.base(x) + (ALPHA / RANK) * (x @ self.a.T) @ self.b.T


def make_model():
    torch.manual_seed(3)
    config = LlamaConfig(vocab_size=256, hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=6,
                         num_key_value_heads=2, head_dim=8, max_position_embeddings=512, rms_norm_eps=1e-5,
                         rope_theta=THETA, tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=2)
    model = LlamaForCausalLM(config).double().eval()
    for name, weight in model.named_parameters():
        weight.data = (torch.rand_like(weight) + 0.5 if "norm" in name else 0.35 * torch.randn_like(weight)).float().double()
    return model


def adapter_tensors(model):
    generator = torch.Generator().manual_seed(4)
    tensors = {}
    for name, module in model.named_modules():
        if name.split(".")[-1] in TARGETS:
            for part, shape in (("A", (RANK, module.in_features)), ("B", (module.out_features, RANK))):
                value = 0.1 * torch.randn(shape, generator=generator)
                tensors[f"base_model.model.{name}.lora_{part}.weight"] = value.double().requires_grad_()
    return tensors


def logprobs(model, prompt, response):
    logits = model(torch.tensor([prompt + response])).logits[0, len(prompt) - 1:-1]
    return torch.log_softmax(logits, -1)


def main(out):
    model = make_model()
    folder = out / "tiny_llama"
    model.float().save_pretrained(folder)
    model.double()
    model.generation_config.pad_token_id = 2
    golden = {}

    tokens = PROMPT + RESPONSES[2]
    golden["logits"] = model(torch.tensor([tokens])).logits[0].detach()

    ids = torch.tensor([PROMPT])
    greedy = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=200)[0, len(PROMPT):]
    assert len(greedy) == 200, "the model ended its sequence: choose another seed"
    golden["greedy"] = greedy

    logits = 3 * torch.randn(4, 256, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    golden["filter.logits"] = logits
    for name, temperature, k, p in (("a", 0.7, 0, 1.0), ("b", 1.0, 20, 1.0), ("c", 1.3, 0, 0.8), ("d", 0.9, 30, 0.6)):
        kept = TemperatureLogitsWarper(temperature)(None, logits)
        if k:
            kept = TopKLogitsWarper(k)(None, kept)
        if p < 1:
            kept = TopPLogitsWarper(p)(None, kept)
        golden["filter." + name] = torch.log_softmax(kept, -1)

    tensors = adapter_tensors(model)
    for name, module in list(model.named_modules()):
        if name.split(".")[-1] in TARGETS:
            parent = model.get_submodule(name.rsplit(".", 1)[0])
            setattr(parent, name.rsplit(".", 1)[1], Lora(module, "base_model.model." + name, tensors))
    temperature, loss, scores, entropies = 0.8, 0.0, [], []
    for r, response in enumerate(RESPONSES):
        logits = model(torch.tensor([PROMPT + response])).logits[0, len(PROMPT) - 1:-1] / temperature
        log_p = torch.log_softmax(logits, -1)
        picked = log_p[range(len(response)), response]
        scores.append(picked)
        entropies.append(-(log_p.exp() * log_p).sum(-1))
        weights = torch.arange(1, len(response) + 1, dtype=torch.float64) * (r - 0.5)
        loss = loss + (weights * picked).sum() + (picked ** 2).sum()
    loss.backward()
    golden["scores"], golden["entropies"] = torch.cat(scores).detach(), torch.cat(entropies).detach()
    golden["loss"] = loss.detach().reshape(1)
    for name, tensor in tensors.items():
        golden["lora." + name] = tensor.detach().float()
        golden["gradient." + name] = tensor.grad
    save_file({name: tensor.contiguous() for name, tensor in golden.items()}, out / "tiny_llama_golden.safetensors")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 2, "pad_token_id": 2}) + "\n")


with torch.random.fork_rng():
    main(pathlib.Path(sys.argv[1]))
