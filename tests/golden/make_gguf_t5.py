# SPDX-License-Identifier: Apache-2.0
"""GGUF files of the tiny T5s: make_gguf_t5.py DATA_DIR. gguf 0.19.0, torch 2.11.0, transformers 5.23.0, safetensors 0.8.

gguf/tiny_t5.gguf, tiny_t5_v1_1.gguf, tiny_mt5.gguf: the models of make_t5.py, whose golden numbers are theirs, under the gguf
package's names (get_tensor_name_map), with the metadata that llama.cpp's converter writes (T5Model). gguf/t5_q8_0.gguf: a gated
one with quantised matrices; t5_q8_0_expected.safetensors: its logits in transformers, in float64, on what the gguf package makes
of them. Where transformers reads such files itself, it must find the same weights.
  make_gguf_t5.py DATA_DIR --check CONVERTED_DIR   (`alarm-dist convert t5_q8_0.gguf CONVERTED_DIR --dtype float64`): in transformers
"""
import json
import pathlib
import sys

import converted
import gguf
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSeq2SeqLM, T5Config, T5ForConditionalGeneration
from transformers.models.t5 import modeling_t5

QUANTISED = dict(vocab_size=64, d_model=32, d_kv=16, num_heads=2, d_ff=64, num_layers=1, num_decoder_layers=2,
                 decoder_start_token_id=0, pad_token_id=0, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                 relative_attention_num_buckets=8, attn_implementation="eager")
PROMPT, RESPONSE = [5, 17, 39, 3, 25, 8, 41, 1], [7, 7, 19, 60, 1]


def norm_forward(self, x):
    """In the model's type; transformers takes the variance in float32."""
    return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


modeling_t5.T5LayerNorm.forward = norm_forward


def add_metadata(writer, config):
    writer.add_context_length(config.get("n_positions", 512))
    writer.add_embedding_length(config["d_model"])
    writer.add_feed_forward_length(config["d_ff"])
    writer.add_block_count(config["num_layers"])
    writer.add_decoder_block_count(config["num_decoder_layers"])
    writer.add_head_count(config["num_heads"])
    writer.add_key_length(config["d_kv"])
    writer.add_value_length(config["d_kv"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_layer_norm_rms_eps(config["layer_norm_epsilon"])
    writer.add_relative_attn_buckets_count(config["relative_attention_num_buckets"])
    writer.add_decoder_start_token_id(config["decoder_start_token_id"])


def add_tokenizer(writer, size):
    """Pieces of one letter or two, by falling scores."""
    letters = [chr(ord("a") + i) for i in range(26)]
    pieces = ["<pad>", "</s>", "<unk>", "▁"] + letters + ["▁" + a for a in letters] + ["th", "he", "in", "er", "an", "re", "on", "at"]
    kinds = [gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, gguf.TokenType.UNKNOWN] + [gguf.TokenType.NORMAL] * (size - 3)
    assert len(pieces) == len(kinds) == size
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0] * 3 + [-2 - 0.1 * i for i in range(size - 3)])
    writer.add_token_types(kinds)
    writer.add_add_space_prefix(True)
    writer.add_remove_extra_whitespaces(True)
    for add, token in ((writer.add_eos_token_id, 1), (writer.add_unk_token_id, 2), (writer.add_pad_token_id, 0)):
        add(token)


def write(path, config, tensors, kind_of):
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.T5, max(config["num_layers"], config["num_decoder_layers"]))
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.T5])
    add_metadata(writer, config)
    add_tokenizer(writer, config["vocab_size"])
    for name, tensor in tensors.items():
        stored = names.get_name(name, try_suffixes=(".weight",))
        assert stored, name
        kind = kind_of(name, tensor)
        writer.add_tensor(stored, gguf.quantize(tensor.float().numpy(), kind), raw_dtype=kind)
    if path.stem == "tiny_t5":  # as the files of the first T5s have it, which no model reads
        writer.add_tensor(names.get_name("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", (".weight",)),
                          np.ones((32, 3), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def plain(name, tensor):
    return gguf.GGMLQuantizationType.F16 if tensor.ndim == 2 and "relative" not in name else gguf.GGMLQuantizationType.F32


def quantised(name, tensor):
    return gguf.GGMLQuantizationType.Q8_0 if tensor.ndim == 2 and "relative" not in name else gguf.GGMLQuantizationType.F32


def check_reading(path, tensors):
    """transformers' own reading of the file."""
    found = AutoModelForSeq2SeqLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).state_dict()
    for name, tensor in tensors.items():
        assert torch.equal(found[name], tensor.float()), name
    print(f"{path.name}: transformers reads the same {len(tensors)} tensors")


def logits_of(model):
    with torch.no_grad():
        return model(input_ids=torch.tensor([PROMPT]), labels=torch.tensor([RESPONSE])).logits[0]


def make_quantised(data):
    torch.manual_seed(3)
    config = T5Config(**QUANTISED)
    model = T5ForConditionalGeneration(config).double().eval()
    model.lm_head.weight = torch.nn.Parameter(torch.empty(config.vocab_size, config.d_model, dtype=torch.float64))
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, dtype=torch.float64)
        weight.data = 1 + 0.2 * noise if "layer_norm" in name else 0.5 * noise
    tensors = {n: t for n, t in model.state_dict().items() if "embed_tokens" not in n}
    path = data / "gguf/t5_q8_0.gguf"
    write(path, config.to_dict(), tensors, quantised)
    # transformers does not read decoder_block_count, so its own reading of this file is not compared.
    stored = {t.name: gguf.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(path).tensors}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.T5, 2)
    read = {n: torch.from_numpy(stored[names.get_name(n, (".weight",))].copy()) for n in tensors}
    for name, weight in model.named_parameters():
        weight.data = read[name].reshape(weight.shape).double()
    save_file({"logits": logits_of(model).contiguous(), "prompt": torch.tensor(PROMPT), "response": torch.tensor(RESPONSE)},
              data / "gguf/t5_q8_0_expected.safetensors")


def main(data):
    for name in ("tiny_t5", "tiny_t5_v1_1", "tiny_mt5"):
        config = json.loads((data / name / "config.json").read_text())
        tensors = load_file(data / name / "model.safetensors")
        path = data / "gguf" / f"{name}.gguf"
        write(path, config, tensors, plain)
        if "relu" not in config["feed_forward_proj"]:  # transformers takes every T5 of a GGUF file for a gated one
            check_reading(path, tensors)
    make_quantised(data)


if sys.argv[2:3] == ["--check"]:
    converted.check(AutoModelForSeq2SeqLM, sys.argv[3], logits_of, pathlib.Path(sys.argv[1]) / "gguf/t5_q8_0_expected.safetensors",
                    "logits", attn_implementation="eager")
else:
    main(pathlib.Path(sys.argv[1]))
