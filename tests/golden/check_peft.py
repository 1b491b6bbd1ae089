# SPDX-License-Identifier: Apache-2.0
"""Do adapters mean the same to PEFT and to alarm-dist? torch 2.11.0, transformers 5.23.0, peft 0.21.2.

  check_peft.py merge ALARM_DIST  makes random tiny models of several families, adapts them with PEFT, merges the adapters
                                  with `ALARM_DIST convert --adapter DIR --merge` and compares logits: PEFT's adapted model
                                  against the merged directory in Transformers.
  check_peft.py read DIR          reads with PEFT the adapters that model_adapter_families_test wrote (with
                                  ALARM_KEEP_FAMILIES=DIR) and compares logits with those computed there.

Exit code 1 when numbers differ by more than 1e-9. All in float64: where Transformers casts to float32 whatever the model's
type, its modules are shown a `torch` whose float32 is float64, as in make_families.py.
"""
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import (AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, BertConfig, GPT2Config,
                          AutoModelForSequenceClassification, GPTNeoXConfig, LlamaConfig, Qwen2Config, T5Config, modeling_rope_utils)
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.llama import modeling_llama
from transformers.models.mistral import modeling_mistral
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3



class DoubleTorch:
    """torch, as a module that computes in float64 sees it."""
    float = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


for module in (modeling_rope_utils, modeling_llama, modeling_mistral, modeling_qwen2, modeling_qwen3, modeling_gpt_neox):
    module.torch = DoubleTorch()

TOKENS = torch.tensor([[5, 17, 39, 3, 25, 8, 41]])
SMALL = {"vocab_size": 128, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 64}
FAMILIES = {
    "llama": (AutoModelForCausalLM, LlamaConfig(**SMALL, num_key_value_heads=2), ["q_proj", "up_proj"]),
    "llama_reward": (AutoModelForSequenceClassification, LlamaConfig(**SMALL, num_key_value_heads=2, num_labels=3), ["v_proj"]),
    "qwen2": (AutoModelForCausalLM, Qwen2Config(**SMALL, num_key_value_heads=2), "all-linear"),
    "gpt2": (AutoModelForCausalLM, GPT2Config(vocab_size=128, n_embd=32, n_layer=2, n_head=4, n_positions=64,
                                              bos_token_id=0, eos_token_id=0),
             ["c_attn", "attn.c_proj", "mlp.c_fc"]),
    "gpt_neox": (AutoModelForCausalLM, GPTNeoXConfig(**SMALL), ["query_key_value", "dense"]),
    "bert": (AutoModelForMaskedLM, BertConfig(**SMALL), ["query", "value"]),
    "t5": (AutoModelForSeq2SeqLM, T5Config(vocab_size=128, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0),
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
    task = "SEQ_CLS" if auto is AutoModelForSequenceClassification else None
    adapted = get_peft_model(base, LoraConfig(r=4, lora_alpha=6, target_modules=targets, task_type=task))
    for name, tensor in adapted.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
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


def check_all(binary):
    torch.manual_seed(7)
    with tempfile.TemporaryDirectory() as temp:
        results = []
        for name in FAMILIES:
            (pathlib.Path(temp) / name).mkdir()
            results.append(check(binary, name, pathlib.Path(temp) / name))
    return all(results)


def read(folder):
    torch.set_default_dtype(torch.float64)
    base = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float64, attn_implementation="eager")
    plain = logits(base)
    # PEFT would make the adapter float32 at first, and round it.
    model = PeftModel.from_pretrained(base, folder / "adapter", autocast_adapter_dtype=False)
    expected = load_file(folder / "logits.safetensors")["logits"]
    found = logits(model)[0]
    difference, effect = (found - expected).abs().max().item(), (plain[0] - expected).abs().max().item()
    print(f"{folder.name}: largest difference of logits {difference:.2e} (the adapter changes them by {effect:.2e})")
    return difference <= 1e-9 < effect


if sys.argv[1] == "merge":
    good = check_all(sys.argv[2])
else:
    good = all([read(folder) for folder in sorted(pathlib.Path(sys.argv[2]).iterdir())])
sys.exit(0 if good else 1)
