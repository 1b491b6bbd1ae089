# SPDX-License-Identifier: Apache-2.0
"""Does Transformers load a directory that alarm-dist wrote, and compute the same? torch, transformers, safetensors.

Usage: check_export.py DIR [PROBE.safetensors]
PROBE holds "tokens" [n] and "logits" [n, vocabulary] as alarm-dist computed them. Exit code 1 when they differ.
"""
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = pathlib.Path(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(folder).eval()
print(f"{folder}: {type(model).__name__}, {sum(p.numel() for p in model.parameters())} parameters, {model.dtype}")
if (folder / "tokenizer.json").exists():
    tokenizer = AutoTokenizer.from_pretrained(folder)
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    expected = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    print(f"tokenizer: {len(tokenizer)} tokens, eos {tokenizer.eos_token!r}")
    if text != expected:
        sys.exit(f"chat template gives {text!r}, expected {expected!r}")
if len(sys.argv) > 2:
    probe = load_file(sys.argv[2])
    with torch.no_grad():
        logits = model(probe["tokens"].long()[None]).logits[0].float()
    difference = (logits - probe["logits"].float()).abs().max().item()
    bound = 1e-3 if model.dtype == torch.float32 else 0.5
    print(f"largest difference of logits {difference:.2e}, bound {bound}")
    if not difference < bound:
        sys.exit(1)
