# SPDX-License-Identifier: Apache-2.0
"""Golden numbers of tiny models of each decoder family. torch 2.11.0, transformers 5.23.0, safetensors 0.8.0.

  make_families.py DATA_DIR          writes families.json (configs, names and shapes of the tensors that save_pretrained
                                     writes), families_expected.safetensors, and families_gradients.safetensors: of every
                                     weight, in the order of their names, end to end, rounded to float32
  make_families.py DATA_DIR --check EXPORT_DIR
                                     loads EXPORT_DIR/<variant>, which model_families_test wrote with merged adapters (see
                                     there), in transformers and compares logits

Weights are a formula of name and place (formula.py), so that no checkpoint has to be kept.
Everything is float64: where transformers casts to float32 whatever the model's type (norms, softmax, rotary frequencies),
its modules are shown a `torch` whose float32 is float64. LoRA is a plain W x + (alpha / rank) B A x.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from transformers import (AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification,
                          AutoModelForTokenClassification, modeling_rope_utils)
from transformers.models.gpt2 import modeling_gpt2
from transformers.models.gpt_neox import modeling_gpt_neox
from transformers.models.llama import modeling_llama
from transformers.models.mistral import modeling_mistral
from transformers.models.qwen2 import modeling_qwen2
from transformers.models.qwen3 import modeling_qwen3
from transformers.pytorch_utils import Conv1D

from formula import DoubleTorch, weights

PROMPTS = [[5, 17, 39, 3, 25, 8, 41], [30, 2, 11]]
RESPONSES = [[7, 7, 19], [10, 2], [44, 31, 12, 20, 5]]  # to the first prompt
RANK, ALPHA, TEMPERATURE, NEW_TOKENS = 2, 4.0, 0.8, 200


for module in (modeling_rope_utils, modeling_llama, modeling_mistral, modeling_qwen2, modeling_qwen3, modeling_gpt2,
               modeling_gpt_neox):
    module.torch = DoubleTorch()
torch.set_default_dtype(torch.float64)

NO_TOKENS = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 48, "hidden_size": 16,
         "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
         "hidden_act": "silu", "max_position_embeddings": 256, "rms_norm_eps": 1e-5, **NO_TOKENS}
GPT2 = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 48, "n_embd": 16, "n_layer": 2, "n_head": 2,
        "n_positions": 256, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new", **NO_TOKENS}
NEOX = {"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "vocab_size": 48, "hidden_size": 16,
        "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_act": "gelu",
        "max_position_embeddings": 256, "layer_norm_eps": 1e-5, "rotary_emb_base": 10000, **NO_TOKENS}


def like(base, architecture, model_type, **changes):
    return {**base, "architectures": [architecture], "model_type": model_type, **changes}


VARIANTS = {
    "llama": {**LLAMA, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": False, "rope_theta": 5000.0},
    "llama_linear": {**LLAMA, "tie_word_embeddings": True, "num_key_value_heads": 4,
                     "rope_scaling": {"type": "linear", "factor": 2.0}},
    "llama_3": {**LLAMA, "tie_word_embeddings": True,
                "rope_parameters": {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0,
                                    "high_freq_factor": 4.0, "original_max_position_embeddings": 128},
                "head_dim": 8},
    "llama_dynamic": {**LLAMA, "max_position_embeddings": 64, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0},
                      "tie_word_embeddings": False},
    "mistral": like(LLAMA, "MistralForCausalLM", "mistral", sliding_window=6, head_dim=6),
    "qwen2": like(LLAMA, "Qwen2ForCausalLM", "qwen2", use_sliding_window=True, sliding_window=9, max_window_layers=1,
                  tie_word_embeddings=True),
    "qwen3": like(LLAMA, "Qwen3ForCausalLM", "qwen3", head_dim=8, use_sliding_window=True, sliding_window=4,
                  layer_types=["sliding_attention", "full_attention"], tie_word_embeddings=False),
    "qwen3_whole": like(LLAMA, "Qwen3ForCausalLM", "qwen3", head_dim=8, attention_bias=True, tie_word_embeddings=True),
    "gpt2": GPT2,
    "gpt2_untied": {**GPT2, "n_inner": 40, "activation_function": "gelu", "tie_word_embeddings": False},
    "gpt_neox": {**NEOX, "rotary_pct": 0.5},
    "gpt_neox_sequential": {**NEOX, "use_parallel_residual": False, "attention_bias": False, "tie_word_embeddings": True,
                            "rope_parameters": {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 1.0}},
}
HEADS = {
    "llama_reward": like(VARIANTS["llama"], "LlamaForSequenceClassification", "llama", num_labels=1),
    "gpt2_reward": like(GPT2, "GPT2ForSequenceClassification", "gpt2", num_labels=1),
    "gpt_neox_reward": like(VARIANTS["gpt_neox"], "GPTNeoXForSequenceClassification", "gpt_neox", num_labels=1),
    "mistral_tokens": like(VARIANTS["mistral"], "MistralForTokenClassification", "mistral", num_labels=3),
    "gpt2_tokens": like(GPT2, "GPT2ForTokenClassification", "gpt2", num_labels=3),
}


def names_written(config, auto, folder):
    """What save_pretrained writes for the config: {name: shape}."""
    (folder / "config.json").write_text(json.dumps(config))
    auto.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder / "names")
    with safe_open(folder / "names/model.safetensors", "np") as file:
        return {name: list(file.get_slice(name).get_shape()) for name in sorted(file.keys())}


def load(config, tensors, auto, folder):
    (folder / "config.json").write_text(json.dumps(config))
    save_file({name: weights(name, shape) for name, shape in tensors.items()}, folder / "model.safetensors",
              {"format": "pt"})
    model, info = auto.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    return model.eval()


def logits(model, tokens):
    return model(torch.tensor([tokens])).logits[0]


def greedy(model, prompts, **options):
    """Left-padded, as generate wants it; without padding for one prompt."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    found = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=0, **options)
    return found[:, longest:]


def greedy_of_each(name, model):
    found = torch.cat([greedy(model, [prompt]) for prompt in PROMPTS])
    assert found.shape == (len(PROMPTS), NEW_TOKENS)
    if "dynamic" not in name:  # there, keys of a cache keep the frequencies of the length they were made at
        assert torch.equal(found, greedy(model, PROMPTS)), "padding changes the tokens"
        assert torch.equal(found[:1], greedy(model, PROMPTS[:1], use_cache=False)), "the cache changes the tokens"
    return found


class Lora(torch.nn.Module):
    def __init__(self, base, a, b):
        super().__init__()
        self.base, self.a, self.b = base, a, b

    def forward(self, x):
        return self.base(x) + (ALPHA / RANK) * (x @ self.a.T) @ self.b.T


def add_adapters(model):
    tensors = {}
    for name, module in list(model.named_modules()):
        if not isinstance(module, (torch.nn.Linear, Conv1D)) or name in ("lm_head", "embed_out"):
            continue
        outputs, inputs = module.weight.shape if isinstance(module, torch.nn.Linear) else module.weight.T.shape
        pair = []
        for part, shape in (("A", (RANK, inputs)), ("B", (outputs, RANK))):
            full = f"base_model.model.{name}.lora_{part}.weight"
            tensors[full] = torch.tensor(weights(full, shape), requires_grad=True)
            pair.append(tensors[full])
        parent, last = name.rsplit(".", 1)
        setattr(model.get_submodule(parent), last, Lora(module, *pair))
    return tensors


def scores_and_loss(model):
    """Scores of the responses, and a loss with weights that differ by token and a part that is not linear."""
    loss, scores = 0.0, []
    for r, response in enumerate(RESPONSES):
        rows = logits(model, PROMPTS[0] + response)[len(PROMPTS[0]) - 1:-1] / TEMPERATURE
        picked = torch.log_softmax(rows, -1)[range(len(response)), response]
        scores.append(picked)
        loss = loss + (torch.arange(1, len(response) + 1) * (r - 0.5) * picked).sum() + (picked**2).sum()
    loss.backward()
    return torch.cat(scores)


def gradients_of_weights(model, names):
    """In the order of the names, which are those of the checkpoint: transformers 5 calls GPT-NeoX's embed_out lm_head."""
    scores_and_loss(model)
    found = {name: weight.grad.flatten() for name, weight in model.named_parameters()}
    if "embed_out.weight" in names:
        found["embed_out.weight"] = found.pop("lm_head.weight")
    assert sorted(found) == sorted(names), (sorted(found), sorted(names))
    model.zero_grad()
    return torch.cat([found[name] for name in sorted(names)]).float().numpy()


def adapted(model, out):
    tensors = add_adapters(model)
    out["scores"] = scores_and_loss(model)
    out["adapted"] = logits(model, PROMPTS[0] + RESPONSES[2])[-1]
    for name, tensor in tensors.items():
        out["gradient." + name] = tensor.grad


def as_numpy(out):
    return {name: np.ascontiguousarray(t.numpy() if t.dtype == torch.uint8 else t.detach().double().numpy())
            for name, t in out.items()}


def make(data):
    listing, golden, gradients = {}, {}, {}
    for name, config in {**VARIANTS, **HEADS}.items():
        auto = (AutoModelForCausalLM if name in VARIANTS else AutoModelForTokenClassification if "tokens" in name
                else AutoModelForSequenceClassification)
        out = {}
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            tensors = names_written(config, auto, folder)
            model = load(config, tensors, auto, folder)
        with torch.no_grad():
            if name in VARIANTS:
                out["logits"] = logits(model, PROMPTS[0] + RESPONSES[2])
                out["greedy"] = greedy_of_each(name, model).to(torch.uint8)
            else:
                out["logits"] = torch.cat([model(torch.tensor([p])).logits.reshape(-1, config["num_labels"])
                                           for p in PROMPTS])
        if name in VARIANTS:
            gradients[name] = gradients_of_weights(model, tensors)
            adapted(model, out)
        listing[name] = {"config": config, "tensors": tensors}
        golden.update({f"{name}.{key}": value for key, value in as_numpy(out).items()})
        print(name, len(tensors), "tensors")
    (data / "families.json").write_text(json.dumps(listing, separators=(",", ":")) + "\n")
    save_file(golden, data / "families_expected.safetensors")
    save_file(gradients, data / "families_gradients.safetensors")


def check(data, exports):
    worst = 0.0
    with safe_open(data / "families_expected.safetensors", "np") as golden:
        for name in VARIANTS:
            model, info = AutoModelForCausalLM.from_pretrained(exports / name, dtype=torch.float64,
                                                               attn_implementation="eager", output_loading_info=True)
            assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], (name, info)
            with torch.no_grad():
                found = logits(model.eval(), PROMPTS[0] + RESPONSES[2])[-1].numpy()
            difference = np.abs(found - golden.get_tensor(name + ".adapted")).max()
            print(f"{name}: logits at most {difference:.2e} apart")
            worst = max(worst, difference)
    model = AutoModelForSequenceClassification.from_pretrained(exports / "reward", dtype=torch.float64,
                                                               attn_implementation="eager").eval()
    with safe_open(exports / "reward/scores.safetensors", "np") as scores, torch.no_grad():
        found = np.array([model(torch.tensor([p])).logits.item() for p in PROMPTS])
        difference = np.abs(found - scores.get_tensor("scores").ravel()).max()
    print(f"reward model: scores at most {difference:.2e} apart")
    assert max(worst, difference) < 1e-9, (worst, difference)


if __name__ == "__main__":
    if sys.argv[2:3] == ["--check"]:
        check(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3]))
    else:
        make(pathlib.Path(sys.argv[1]))
