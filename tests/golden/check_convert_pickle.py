# SPDX-License-Identifier: Apache-2.0
"""Does launch/convert-pickle keep every number, and refuse what is not tensors? torch 2.11.0, safetensors 0.8.0.

Usage: check_convert_pickle.py (with a Python that has torch and safetensors). Exit code 1 when it does not.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "tests/data/model/tiny_llama"


class Evil:
    """Runs a command where it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def convert(source, out):
    return subprocess.run([sys.executable, ROOT / "launch/convert-pickle", source, out], capture_output=True, text=True)


def converted(source, out):
    done = convert(source, out)
    assert done.returncode == 0, done.stderr
    tensors = {}
    for file in sorted(out.glob("*.safetensors")):
        tensors.update(load_file(file))
    return tensors


def refused(source, out, *parts):
    done = convert(source, out)
    assert done.returncode == 1 and not out.exists(), (done.returncode, done.stdout)
    lines = done.stderr.strip().splitlines()
    assert all(part in lines[-1] for part in parts), lines
    assert not [f for f in out.parent.iterdir() if f.name.endswith(".partial")], "a draft is left"


def same(found, expected):
    assert set(found) == set(expected), set(found) ^ set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name


def check_one_file(temp, weights):
    """Tied, strided and integer tensors; what lies beside them."""
    folder = temp / "one"
    folder.mkdir()
    weights = {**weights, "tied": weights["model.embed_tokens.weight"], "ids": torch.arange(5),
               "view": torch.arange(12.).reshape(3, 4).t()[1:], "half": torch.ones(3, dtype=torch.bfloat16)}
    torch.save(weights, folder / "pytorch_model.bin")
    torch.save({"lr": 1}, folder / "training_args.bin")
    shutil.copy(TINY / "config.json", folder)
    same(converted(folder, temp / "one_out"), weights)
    assert (temp / "one_out/config.json").read_bytes() == (TINY / "config.json").read_bytes()
    refused(folder / "nothing", temp / "out", "nothing: no such file")
    assert "exists already" in convert(folder, temp / "one_out").stderr


def check_shards(temp, weights):
    folder = temp / "shards"
    folder.mkdir()
    names = sorted(weights)
    parts = {"pytorch_model-00001-of-00002.bin": names[:9], "pytorch_model-00002-of-00002.bin": names[9:]}
    for file, held in parts.items():
        torch.save({name: weights[name] for name in held}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, held in parts.items() for name in held}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    same(converted(folder, temp / "shards_out"), weights)
    written = json.loads((temp / "shards_out/model.safetensors.index.json").read_text())
    assert written["weight_map"][names[0]] == "model-00001-of-00002.safetensors"
    assert written["metadata"]["total_size"] == sum(t.nbytes for t in weights.values())
    (folder / "pytorch_model-00002-of-00002.bin").unlink()
    refused(folder, temp / "out", "pytorch_model-00002-of-00002.bin is missing")


def main():
    weights = load_file(TINY / "model.safetensors")
    with tempfile.TemporaryDirectory() as name:
        temp = pathlib.Path(name)
        check_one_file(temp, weights)
        check_shards(temp, weights)
        torch.save({"epoch": 3, "state_dict": weights}, temp / "wrapped.pt")
        same(converted(temp / "wrapped.pt", temp / "wrapped_out"), weights)
        torch.save({"x": torch.ones(1), "step": 4}, temp / "number.pth")
        refused(temp / "number.pth", temp / "out", "'step': expected a tensor, found int")
        torch.save({"x": Evil(temp / "mark")}, temp / "evil.bin")
        refused(temp / "evil.bin", temp / "out", "evil.bin", "unsupported GLOBAL posix.system")
        assert not (temp / "mark").exists(), "the pickle ran a command"
    print("convert-pickle: all as expected")


main()
