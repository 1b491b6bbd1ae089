# SPDX-License-Identifier: Apache-2.0
"""Weights that are a formula of name and place (tests/model/tiny_families.cpp has it too), so that no checkpoint has to be kept,
and a `torch` for modules that cast to float32 whatever the model's type. numpy, torch."""
import numpy as np
import torch


class DoubleTorch:
    """torch, as a module that computes in float64 sees it."""
    float = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


def weights(name, shape):
    """splitmix64 of the name's FNV-1a hash and the place, uniform around 1 (norms' weights) or 0."""
    with np.errstate(over="ignore"):
        start = np.uint64(14695981039346656037)
        for byte in name.encode():
            start = (start ^ np.uint64(byte)) * np.uint64(1099511628211)
        x = start + np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    uniform = (x >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1
    is_norm = len(shape) == 1 and name.endswith(".weight")
    spread = 0.2 if "lora_" in name else 0.6 if len(shape) == 2 else 0.4
    return (spread * uniform + (1.0 if is_norm else 0.0)).reshape(shape)
