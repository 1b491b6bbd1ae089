#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Made with safetensors 0.8.0, torch 2.11.0, numpy 2.4.6.

  make_safetensors.py write FILE   writes the golden file that TensorFileTest.ReadsWhatSafetensorsWrote reads
  make_safetensors.py check FILE   reads what TensorFileTest.RoundTripsEveryType wrote (ALARM_KEEP_SAFETENSORS=FILE)
  make_safetensors.py same A B     compares the weights of two folders, of one file or of shards, bit for bit
"""
import json
import pathlib
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

TYPES = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64,
         "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8, "bool": torch.bool}


def tensors():
    """Element i of a [2, 3] tensor is (i - 2) / 4 for floats, i - 2 for integers, i % 256 for u8, i odd for bool."""
    made = {}
    for name, dtype in TYPES.items():
        i = torch.arange(6)
        values = (i - 2) / 4 if dtype.is_floating_point else i % 2 if dtype == torch.bool else i if dtype == torch.uint8 else i - 2
        made[name] = values.to(dtype).reshape(2, 3)
    made["empty"] = torch.zeros(0, 4)
    made["scalar"] = torch.tensor(7.5, dtype=torch.float64)
    return made


def load_folder(folder):
    index = pathlib.Path(folder) / "model.safetensors.index.json"
    if not index.exists():
        return load_file(index.with_name("model.safetensors"))
    weight_map, tensors = json.loads(index.read_text())["weight_map"], {}
    for shard in sorted(set(weight_map.values())):
        for name, tensor in load_file(index.with_name(shard)).items():
            assert weight_map[name] == shard and name not in tensors, (name, shard)
            tensors[name] = tensor
    assert set(tensors) == set(weight_map)
    return tensors


def same(first, second):
    a, b = load_folder(first), load_folder(second)
    assert set(a) == set(b), set(a) ^ set(b)
    for name, tensor in a.items():
        assert tensor.dtype == b[name].dtype and torch.equal(tensor, b[name]), name
    print(f"{first}, {second}: {len(a)} tensors are the same")


def main():
    if sys.argv[1] == "same":
        same(*sys.argv[2:])
        return
    mode, path = sys.argv[1:]
    if mode == "write":
        save_file(tensors(), path, metadata={"format": "pt", "note": "größer"})
        return
    found, expected = load_file(path), tensors()
    assert set(found) == set(expected), (set(found), set(expected))
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"format": "pt", "note": "größer"}, file.metadata()
    print(f"{path}: {len(found)} tensors as expected")


main()
