#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Made with gguf 0.19.0, numpy 2.4.6, safetensors 0.8.0: make_gguf.py DATA_DIR [SMOLLM2.gguf]

DATA_DIR/small.gguf: one tensor of each quantisation and one key of each type; small_expected.safetensors: what the gguf
package dequantises them to; smollm2_expected.json: a few values of tensors of the real model, the same way. The package
does not quantise to super-blocks (Q2_K to Q6_K): theirs are random bits, with moderate numbers for the half-precision ones.
"""
import json
import pathlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES
from gguf import GGMLQuantizationType as T
from gguf import GGUFReader, GGUFValueType, GGUFWriter, dequantize, quantize
from safetensors.numpy import save_file

REAL_TENSORS = ["token_embd.weight", "blk.0.attn_q.weight", "blk.7.ffn_down.weight", "blk.29.attn_norm.weight",
                "output_norm.weight", "blk.15.ffn_gate.weight"]
# Where a block of the kind has its half-precision numbers.
SUPER_BLOCKS = {T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}


def write_small(path):
    random = np.random.default_rng(5)
    writer = GGUFWriter(path, "test")
    writer.add_custom_alignment(64)
    writer.add_uint32("an.unsigned", 7)
    writer.add_int32("a.negative", -3)
    writer.add_uint64("a.long", 2**40)
    writer.add_float32("a.number", 0.1)
    writer.add_bool("a.truth", True)
    writer.add_string("a.text", "größer")
    writer.add_array("some.texts", ["a", "", "ccc"])
    writer.add_array("some.integers", [3, -1, 2])
    writer.add_array("some.numbers", [0.5, -0.25])
    for kind in (T.F32, T.F16, T.BF16, T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1):
        values = random.normal(0, 3, (3, 96)).astype(np.float32)
        writer.add_tensor(kind.name.lower(), quantize(values, kind), raw_shape=None, raw_dtype=kind)
    for kind, halves in SUPER_BLOCKS.items():
        bits = random.integers(0, 256, (3, 2 * GGML_QUANT_SIZES[kind][1]), dtype=np.uint8)
        for start in range(0, bits.shape[1], GGML_QUANT_SIZES[kind][1]):
            for place in halves:
                scale = random.normal(0, 0.01, (3, 1)).astype(np.float16)
                bits[:, start + place:start + place + 2] = scale.view(np.uint8)
        writer.add_tensor(kind.name.lower(), bits, raw_dtype=kind)
    writer.add_tensor("vector", np.arange(5, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def values_of(tensor):
    shape = [int(n) for n in reversed(tensor.shape)]
    return np.ascontiguousarray(dequantize(tensor.data, tensor.tensor_type).reshape(shape), dtype=np.float32)


def main():
    data = pathlib.Path(sys.argv[1])
    write_small(data / "small.gguf")
    save_file({t.name: values_of(t) for t in GGUFReader(data / "small.gguf").tensors}, data / "small_expected.safetensors")
    if len(sys.argv) == 2:
        return
    golden = []
    reader = GGUFReader(sys.argv[2])
    for tensor in reader.tensors:
        if tensor.name not in REAL_TENSORS:
            continue
        values = values_of(tensor)
        flat = values.ravel()
        places = [int(i) for i in np.linspace(0, flat.size - 1, 12)]
        golden.append({"name": tensor.name, "type": tensor.tensor_type.name, "shape": list(values.shape),
                       "sum": float(flat.sum(dtype=np.float64)), "square_sum": float((flat.astype(np.float64)**2).sum()),
                       "places": places, "values": [float(flat[i]) for i in places]})
    (data / "smollm2_expected.json").write_text(json.dumps(
        {"tensor_count": len(reader.tensors), "tensors": golden}, indent=1) + "\n")


main()
