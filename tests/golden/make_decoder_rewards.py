# SPDX-License-Identifier: Apache-2.0
"""Scores of random decoder reward models by transformers: make_decoder_rewards.py SMOKE_POLICY DATA_DIR.
torch 2.11.0, transformers 5.23.0, tokenizers 0.23.3.

Three models in float16, which float64 reads exactly: LlamaForSequenceClassification behind a tokenizer that begins texts with a
token; GPT2ForSequenceClassification whose padding token ends its texts, and is not read; Qwen2ForSequenceClassification with three
labels and a chat template. The tokenizer is that of the smoke policy (320 tokens). Everything is float64: where transformers casts
to float32 whatever the model's type, its modules are shown a `torch` whose float32 is float64. golden.json has, of each case,
texts as they are read, tokens, and scores: of the sequence, as the class gives it, and of the response's parts, where the head is
put on each token. Usage: make_decoder_rewards.py tests/data/smoke/policy tests/data/reward
"""
import json
import pathlib
import re
import sys

import torch
from transformers import (AutoModelForSequenceClassification, GPT2Config, GPT2ForSequenceClassification, LlamaConfig,
                          LlamaForSequenceClassification, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForSequenceClassification,
                          modeling_rope_utils)
from transformers.models.gpt2 import modeling_gpt2
from transformers.models.llama import modeling_llama
from transformers.models.qwen2 import modeling_qwen2

from formula import DoubleTorch

for module in (modeling_rope_utils, modeling_llama, modeling_qwen2, modeling_gpt2):
    module.torch = DoubleTorch()

BEGIN, END = "<|endoftext|>", "<|im_end|>"
IDS = {BEGIN: 0, "<|im_start|>": 1, END: 2}
NONE = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
LLAMA = dict(vocab_size=320, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=256)
CHAT = ("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
MODELS = {
    "llama": (LlamaForSequenceClassification, LlamaConfig(**LLAMA, **NONE, num_labels=1), "Human: {prompt}\n\nAssistant: {response}", 0),
    "gpt2": (GPT2ForSequenceClassification, GPT2Config(vocab_size=320, n_embd=16, n_layer=2, n_head=2, n_positions=128,
                                                       **{**NONE, "pad_token_id": IDS[END]}, num_labels=1),
             "{question} {document}\n{response}" + END, 0),
    "qwen2": (Qwen2ForSequenceClassification, Qwen2Config(**LLAMA, **NONE, num_labels=3), "chat", 2),
}
RECORDS = [
    {"messages": [{"role": "user", "content": "What of the river?"}], "question": "What of it?", "document": "A cat finds the answer."},
    {"messages": [{"role": "system", "content": "Be short: naïve 中文 😀."}, {"role": "user", "content": "And two ships?"}],
     "question": "Whose?", "document": ""},
]
RESPONSES = [[" The river changes the answer. It hides good data.", "a cat", "  Two words \n", ""],
             ["The old map — 中文 and 😀 — follows.", "The old map hides it. So do ships."]]
SHORT = 20  # tokens, where sequences are cut


def make_model(kind, config, generator):
    model = kind(config).double().eval()
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        value = 1 + 0.3 * noise if "norm" in name or ".ln_" in name and name.endswith("weight") else 0.4 * noise
        weight.data = value.half().double()
    return model


def write_model(name, kind, config, folder, policy, generator):
    folder.mkdir(parents=True, exist_ok=True)
    make_model(kind, config, generator).half().save_pretrained(folder)
    tokenizer = json.loads((policy / "tokenizer.json").read_text())
    if name == "llama":
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": BEGIN, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {BEGIN: {"id": BEGIN, "ids": [IDS[BEGIN]], "tokens": [BEGIN]}}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n")
    if name == "qwen2":
        (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": CHAT}) + "\n")


def read(tokenizer, template, record, response, max_tokens):
    """Text, tokens, and the places of tokens in it, as one who follows the model's card would make them."""
    cut = dict(truncation=True, max_length=max_tokens) if max_tokens else {}
    if template == "chat":
        messages = record["messages"] + [{"role": "assistant", "content": response}]
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        ids = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False, **cut)
        made = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, **cut)
        assert made.input_ids == ids
    else:
        prompt = "\n\n".join(m["content"] for m in record["messages"])
        text = template.format(prompt=prompt, question=record["question"], document=record["document"], response=response)
        made = tokenizer(text, return_offsets_mapping=True, **cut)
    return text, made.input_ids, made.offset_mapping


def parts_scores(values, offsets, text, response, parts):
    """At the last byte of each part [a, b) of the response: the value of the last token that begins at or before it."""
    said = response.strip() if text.rstrip().endswith(END) and response not in text else response
    begin = text.rindex(said) if said else len(text)
    skipped = response.index(said)
    found = []
    for a, b in parts:
        at = begin + min(b, skipped + len(said)) - 1 - skipped
        inside = [i for i, (s, e) in enumerate(offsets) if e > begin and s < begin + len(said) and s < e]
        before = [i for i in inside if max(offsets[i][0], begin) <= at]
        found.append(values[before[-1]] if before else None)
    return found


def byte_range(text, part):
    return [len(text[:p].encode()) for p in part]


def main():
    policy, data = map(pathlib.Path, sys.argv[1:])
    golden = {}
    for seed, (name, (kind, config, template, label)) in enumerate(MODELS.items()):
        folder = data / name
        write_model(name, kind, config, folder, policy, torch.Generator().manual_seed(seed))
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), truncation_side="left")
        if template == "chat":
            tokenizer.chat_template = CHAT
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager").eval()
        cases = []
        for max_tokens in (0, SHORT):
            for r, record in enumerate(RECORDS):
                for response in RESPONSES[r]:
                    text, ids, offsets = read(tokenizer, template, record, response, max_tokens)
                    tensor = torch.tensor([ids])
                    with torch.no_grad():
                        score = model(tensor).logits[0, label].item()
                        states = getattr(model, model.base_model_prefix)(tensor).last_hidden_state
                        values = model.score(states)[0, :, label].tolist()
                    words = [m.span() for m in re.finditer(r"\s*\S+", response)]
                    cases.append({"record": r, "response": response, "max_tokens": max_tokens, "text": text, "tokens": ids,
                                  "score": score, "words": [byte_range(response, w) for w in words],
                                  "word_scores": parts_scores(values, offsets, text, response, words)})
        golden[name] = {"template": template, "label": label, "cases": cases}
        print(name, [round(c["score"], 3) for c in cases])
    (data / "golden.json").write_text(json.dumps({"records": RECORDS, "models": golden}, ensure_ascii=False, indent=0) + "\n")


main()
