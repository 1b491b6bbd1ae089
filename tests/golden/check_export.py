# SPDX-License-Identifier: Apache-2.0
"""Does Transformers load what `alarm-dist convert` made of SmolLM2's GGUF file, and compute the same? torch 2.11.0,
transformers 5.23.0, safetensors 0.8.0.

Usage: check_export.py DIR GOLDEN
GOLDEN is smollm2_greedy.safetensors (make_smollm.py): prompts, tokens, and their log-probabilities as Transformers computes them
on the weights that it reads from the GGUF file itself. Exit code 1 when they differ by more than 1e-4, in float32.
"""
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

BOUND = 1e-4
CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
RENDERED = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"

folder, golden = pathlib.Path(sys.argv[1]), load_file(sys.argv[2])
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
print(f"{folder}: {type(model).__name__}, {sum(p.numel() for p in model.parameters())} parameters, {len(tokenizer)} tokens")
text = tokenizer.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
assert text == RENDERED, f"the chat template gives {text!r}, expected {RENDERED!r}"
worst, count = 0.0, 0
for prompt in range(sum(name.endswith(".prompt") for name in golden)):
    before, after = golden[f"{prompt}.prompt"].long(), golden[f"{prompt}.tokens"].long()
    with torch.no_grad():
        logits = model(torch.cat([before, after])[None]).logits[0, len(before) - 1:-1]
    found = logits.log_softmax(-1).gather(1, after[:, None])[:, 0]
    worst, count = max(worst, (found - golden[f"{prompt}.logprobs"]).abs().max().item()), count + len(after)
print(f"{count} tokens: largest difference of log-probabilities {worst:.2e}, bound {BOUND}")
assert count and worst < BOUND
