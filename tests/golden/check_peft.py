# SPDX-License-Identifier: Apache-2.0
"""Does `alarm-dist convert --adapter DIR --merge` give what PEFT computes? torch 2.11.0, transformers 5.23.0, peft 0.21.2.

  check_peft.py ALARM_DIST        makes random tiny models of several families, adapts them with PEFT, merges the adapters
                                  with ALARM_DIST and compares logits: PEFT's adapted model against the merged directory in
                                  Transformers, in float64. Exit code 1 when they differ by more than 1e-9.
"""
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, get_peft_model
from transformers import (AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, BertConfig, GPT2Config,
                          GPTNeoXConfig, LlamaConfig, Qwen2Config, T5Config)

TOKENS = torch.tensor([[5, 17, 99, 3, 25, 8, 41]])
SMALL = {"vocab_size": 128, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 64}
FAMILIES = {
    "llama": (AutoModelForCausalLM, LlamaConfig(**SMALL, num_key_value_heads=2), ["q_proj", "up_proj"]),
    "qwen2": (AutoModelForCausalLM, Qwen2Config(**SMALL, num_key_value_heads=2), "all-linear"),
    "gpt2": (AutoModelForCausalLM, GPT2Config(vocab_size=128, n_embd=32, n_layer=2, n_head=4, n_positions=64),
             ["c_attn", "attn.c_proj", "mlp.c_fc"]),
    "gpt_neox": (AutoModelForCausalLM, GPTNeoXConfig(**SMALL), ["query_key_value", "dense"]),
    "bert": (AutoModelForMaskedLM, BertConfig(**SMALL), ["query", "value"]),
    "t5": (AutoModelForSeq2SeqLM, T5Config(vocab_size=128, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4),
           ["q", "v", "wo"]),
}


def logits(model):
    inputs = {"decoder_input_ids": TOKENS[:, :4]} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        return model.double().eval()(TOKENS, **inputs).logits


def check(binary, family, folder):
    auto, config, targets = FAMILIES[family]
    base = auto.from_config(config)
    base.save_pretrained(folder / "base")
    adapted = get_peft_model(base, LoraConfig(r=4, lora_alpha=6, target_modules=targets))
    for name, tensor in adapted.named_parameters():
        if "lora_" in name:
            tensor.data = 0.1 * torch.randn_like(tensor)
    adapted.save_pretrained(folder / "adapter")
    expected = logits(adapted)
    subprocess.run([binary, "convert", folder / "base", folder / "merged", "--dtype", "float64", "--adapter",
                    folder / "adapter", "--merge"], check=True, stdout=subprocess.DEVNULL)
    found = logits(auto.from_pretrained(folder / "merged", dtype=torch.float64))
    plain = logits(auto.from_pretrained(folder / "base"))
    difference, effect = (found - expected).abs().max().item(), (plain - expected).abs().max().item()
    print(f"{family}: largest difference of logits {difference:.2e} (the adapter changes them by {effect:.2e})")
    return difference <= 1e-9 < effect


torch.manual_seed(7)
with tempfile.TemporaryDirectory() as temp:
    results = []
    for name in FAMILIES:
        (pathlib.Path(temp) / name).mkdir()
        results.append(check(sys.argv[1], name, pathlib.Path(temp) / name))
sys.exit(0 if all(results) else 1)
