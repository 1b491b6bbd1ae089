# SPDX-License-Identifier: Apache-2.0
"""What transformers makes of a directory that `alarm-dist convert` wrote. torch, transformers, safetensors."""
import torch
from safetensors.torch import load_file


def check(kind, folder, compute, expected, key, **options):
    """The model has every tensor and no other, and computes what stands under that key: at most 1e-9 apart in float64."""
    model, info = kind.from_pretrained(folder, dtype=torch.float64, output_loading_info=True, **options)
    assert not info["missing_keys"] and not info["unexpected_keys"], info
    difference = (compute(model.eval()) - load_file(expected)[key]).abs().max().item()
    print(f"{folder}: {type(model).__name__}, {key} at most {difference:.2e} apart, bound 1e-9")
    assert difference < 1e-9
