#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Made with torch 2.11.0, transformers 5.23.0, safetensors 0.8.0: make_bert.py DATA_DIR MINILM_DIR

DATA_DIR/bert_tiny/: a random BertModel in float64 with a scalar head, as a Hugging Face directory (names with "bert.");
bert_tiny_expected.safetensors: its hidden states, scores and gradients of sum(scores^2) on sequences of lengths 5 1 9 5 12;
minilm_expected.json: the mean-pooled state of a sentence by all-MiniLM-L6-v2 (first numbers and norm) in float32.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, BertConfig, BertModel

LENGTHS = [5, 1, 9, 5, 12]
SENTENCE = "We propose a hierarchical reward model, and show that it aligns summaries with human preference."


def run(model, tokens, types):
    return model(input_ids=tokens[None], token_type_ids=types[None],
                 attention_mask=torch.ones_like(tokens)[None]).last_hidden_state[0]


def tiny(data):
    torch.manual_seed(3)
    config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=3, num_attention_heads=4, intermediate_size=24,
                        max_position_embeddings=14, type_vocab_size=2, initializer_range=0.4, layer_norm_eps=1e-6)
    model = BertModel(config).double().eval()
    head = torch.nn.Linear(16, 1).double()
    for name, parameter in model.named_parameters():
        if "LayerNorm" in name or name.endswith("bias"):
            torch.nn.init.normal_(parameter, mean=1.0 if name.endswith("LayerNorm.weight") else 0.0, std=0.3)
    tokens = [torch.randint(0, 40, (n,)) for n in LENGTHS]
    types = [(torch.arange(n) > n // 2).long() for n in LENGTHS]
    states = [run(model, t, s) for t, s in zip(tokens, types)]
    scores = torch.cat([head(s.mean(0)) for s in states])
    scores.square().sum().backward()
    tensors = {"bert." + n: p for n, p in model.named_parameters()}
    tensors |= {"score.weight": head.weight, "score.bias": head.bias}
    folder = data / "bert_tiny"
    folder.mkdir(exist_ok=True)
    save_file({n: p.detach().clone() for n, p in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    keys = ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "hidden_act",
            "max_position_embeddings", "type_vocab_size", "layer_norm_eps"]
    (folder / "config.json").write_text(json.dumps(
        {"architectures": ["BertModel"], "model_type": "bert", **{k: getattr(config, k) for k in keys}}, indent=1) + "\n")
    expected = {"grad." + n: p.grad for n, p in tensors.items() if p.grad is not None}
    expected |= {"lengths": torch.tensor(LENGTHS), "tokens": torch.cat(tokens), "types": torch.cat(types),
                 "hidden": torch.cat(states).detach(), "scores": scores.detach()}
    save_file(expected, data / "bert_tiny_expected.safetensors")


def minilm(data, folder):
    tokens = AutoTokenizer.from_pretrained(folder)(SENTENCE)["input_ids"]
    with torch.no_grad():
        pooled = run(BertModel.from_pretrained(folder).float().eval(), torch.tensor(tokens), torch.zeros(len(tokens)).long()).mean(0)
    (data / "minilm_expected.json").write_text(json.dumps(
        {"sentence": SENTENCE, "tokens": tokens, "norm": float(pooled.norm()), "first": pooled[:24].tolist()}, indent=1) + "\n")


def main():
    data = pathlib.Path(sys.argv[1])
    tiny(data)
    minilm(data, sys.argv[2])


main()
