# SPDX-License-Identifier: Apache-2.0
"""GGUF files of the tiny families: make_gguf_families.py DATA_DIR. gguf 0.19.0, torch 2.11.0, transformers 5.23.0.

Weights are make_families.py's formula, names are the gguf package's (get_tensor_name_map), orders are those that llama.cpp's
converter writes: rows of q and k of Llama interleaved, Conv1D weights transposed, GPT-NeoX's query_key_value sorted into
queries, keys, values. Where transformers reads such files itself, it must find the same weights.
"""
import json
import pathlib
import sys

import gguf
import numpy as np
import torch
from make_families import weights
from transformers import AutoConfig, AutoModelForCausalLM

ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2, "qwen3": gguf.MODEL_ARCH.QWEN3,
                 "gpt2": gguf.MODEL_ARCH.GPT2, "gpt_neox": gguf.MODEL_ARCH.GPTNEOX}
VARIANTS = ["llama", "llama_linear", "llama_3", "qwen2", "qwen3", "gpt2", "gpt_neox", "gpt_neox_sequential"]
LLAMA32 = {"theta": 500000.0, "factor": 32.0, "low": 1.0, "high": 4.0, "context": 8192}


def interleave(weight, heads):
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def in_gguf_order(config, name, weight):
    kind, heads = config["model_type"], config.get("num_attention_heads")
    if kind == "llama" and ".q_proj." in name:
        return interleave(weight, heads)
    if kind == "llama" and ".k_proj." in name:
        return interleave(weight, config["num_key_value_heads"])
    if kind == "gpt2" and weight.ndim == 2 and ".h." in name:
        return weight.T
    if kind == "gpt_neox" and "query_key_value" in name:
        by_head = weight.reshape(heads, 3, weight.shape[0] // heads // 3, -1)
        return by_head.swapaxes(0, 1).reshape(weight.shape)
    return weight


def llama32_divisors(head_size):
    """As the converter computes rope_freqs.weight."""
    divisors = []
    for exponent in np.arange(0, head_size, 2) / head_size:
        length = 2 * np.pi * LLAMA32["theta"]**exponent
        if length < LLAMA32["context"] / LLAMA32["high"]:
            divisors.append(1.0)
        elif length > LLAMA32["context"] / LLAMA32["low"]:
            divisors.append(LLAMA32["factor"])
        else:
            smooth = (LLAMA32["context"] / length - LLAMA32["low"]) / (LLAMA32["high"] - LLAMA32["low"])
            divisors.append(1 / ((1 - smooth) / LLAMA32["factor"] + smooth))
    return np.array(divisors, np.float32)


def add_metadata(writer, variant, config):
    heads, hidden = config.get("num_attention_heads", config.get("n_head")), config.get("hidden_size", config.get("n_embd"))
    head_size = config.get("head_dim", hidden // heads)
    writer.add_context_length(config.get("max_position_embeddings", config.get("n_positions")))
    writer.add_embedding_length(hidden)
    writer.add_block_count(config.get("num_hidden_layers", config.get("n_layer")))
    writer.add_feed_forward_length(config.get("intermediate_size", 4 * hidden))
    writer.add_head_count(heads)
    if "num_key_value_heads" in config:
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_freq_base(LLAMA32["theta"] if variant == "llama_3" else config.get("rope_theta", 10000.0))
        if "head_dim" in config:
            writer.add_key_length(head_size)
        if config["model_type"] == "llama":
            writer.add_rope_dimension_count(head_size)
        if variant == "llama_linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(config["rope_scaling"]["factor"])
    else:
        writer.add_layer_norm_eps(config.get("layer_norm_eps", config.get("layer_norm_epsilon")))
    if config["model_type"] == "gpt_neox":
        rope = config.get("rope_parameters", {})
        writer.add_rope_freq_base(rope.get("rope_theta", 10000.0))
        writer.add_rope_dimension_count(int(head_size * rope.get("partial_rotary_factor", config.get("rotary_pct"))))
        writer.add_parallel_residual(config.get("use_parallel_residual", True))


def add_tokenizer(writer, size):
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([chr(ord("A") + i) for i in range(size - 1)] + ["AB"])
    writer.add_token_types([gguf.TokenType.NORMAL] * size)
    writer.add_token_merges(["A B"])


def write(path, variant, config, tensors):
    architecture = ARCHITECTURES[config["model_type"]]
    names = gguf.get_tensor_name_map(architecture, 2)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    add_metadata(writer, variant, config)
    add_tokenizer(writer, config["vocab_size"])
    for name, shape in tensors.items():
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert stored, name
        writer.add_tensor(stored, np.ascontiguousarray(in_gguf_order(config, name, weights(name, shape)), dtype=np.float32))
    if variant == "llama_3":
        writer.add_tensor("rope_freqs.weight", llama32_divisors(config["head_dim"]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check(path, config, tensors):
    """transformers' own reading of the file: the same weights."""
    options = {key: value for key, value in config.items() if key != "model_type"}  # the file's own are not all understood
    found = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32,
                                                 config=AutoConfig.for_model(config["model_type"], **options)).state_dict()
    names = [name for name in tensors if name in found]
    assert len(names) == len(tensors)
    for name in names:
        assert np.array_equal(found[name].numpy(), weights(name, tensors[name]).astype(np.float32)), name
    print(f"{path.name}: transformers reads the same {len(names)} of {len(tensors)} tensors")


def main(data):
    listing = json.loads((data / "families.json").read_text())
    (data / "gguf").mkdir(exist_ok=True)
    for variant in VARIANTS:
        config, tensors = listing[variant]["config"], listing[variant]["tensors"]
        path = data / "gguf" / f"{variant}.gguf"
        write(path, variant, config, tensors)
        if config["model_type"] != "gpt_neox":
            check(path, config, tensors)


main(pathlib.Path(sys.argv[1]))
