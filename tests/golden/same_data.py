#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do two folders of golden files say the same? safetensors 0.8.0, torch 2.11.0: same_data.py COMMITTED MADE

Names, shapes, types, integers and texts are compared exactly. Numbers of floating point may differ by what another
processor's order of additions makes of them: by TOLERANCE of the largest in their tensor or, in JSON, their list. Other
files are compared byte by byte. Prints what differs; exit code 1 when anything does, 3 when only numbers of floating point do,
by more than TOLERANCE (in a tensor not by more than FAR, which no order of additions makes), or the bytes of a GGUF file, whose
blocks are rounded numbers.
"""
import json
import math
import pathlib
import sys

import torch
from safetensors.torch import load_file

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-6}
FAR = {torch.float64: 1e-6, torch.float32: 1e-2}
ROUNDING = "rounding: "  # begins what another processor may be the cause of


def tensors_differ(a, b):
    if a.dtype != b.dtype or a.shape != b.shape:
        return f"{a.dtype} {tuple(a.shape)} against {b.dtype} {tuple(b.shape)}"
    if a.numel() == 0 or torch.equal(a, b):
        return ""
    if a.dtype not in TOLERANCE:
        return ROUNDING + "other values" if a.dtype.is_floating_point else "other values"
    both = a.isfinite() & b.isfinite()
    if not torch.equal(a[~both], b[~both]):
        return "other infinities, or not a number"
    largest = a[both].abs().max().item()
    difference = (a[both] - b[both]).abs().max().item()
    if difference <= TOLERANCE[a.dtype] * largest:
        return ""
    kind = ROUNDING if difference <= FAR[a.dtype] * largest else ""
    return f"{kind}{difference:.1e} apart, where the largest is {largest:.1e}"


def safetensors_differ(a, b):
    a, b = load_file(a), load_file(b)
    if set(a) != set(b):
        yield f"tensors {sorted(set(a) ^ set(b))} are in one of them only"
    for name in sorted(set(a) & set(b)):
        found = tensors_differ(a[name], b[name])
        if found:
            yield f"{ROUNDING * found.startswith(ROUNDING)}{name}: {found.removeprefix(ROUNDING)}"


def values_differ(a, b, where, largest=0.0):
    if isinstance(a, float) and isinstance(b, float):
        tolerance = TOLERANCE[torch.float64]
        if not math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance * largest):
            yield f"{ROUNDING}{where}: {a!r} against {b!r}"
    elif type(a) is not type(b):
        yield f"{where}: {a!r} against {b!r}"
    elif isinstance(a, dict):
        if list(a) != list(b):
            yield f"{where}: other keys"
        for key in a.keys() & b.keys():
            yield from values_differ(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list):
        if len(a) != len(b):
            yield f"{where}: {len(a)} entries against {len(b)}"
        largest = max((abs(x) for x in a if isinstance(x, float) and math.isfinite(x)), default=0.0)
        for i, (x, y) in enumerate(zip(a, b)):
            yield from values_differ(x, y, f"{where}[{i}]", largest)
    elif a != b:
        yield f"{where}: {a!r} against {b!r}"


def files_differ(a, b):
    if a.read_bytes() == b.read_bytes():
        return
    if a.suffix == ".safetensors":
        yield from safetensors_differ(a, b)
    elif a.suffix == ".json":
        yield from values_differ(json.loads(a.read_text("utf-8")), json.loads(b.read_text("utf-8")), "")
    else:
        yield ROUNDING * (a.suffix == ".gguf") + "other bytes"


def main():
    committed, made = map(pathlib.Path, sys.argv[1:3])
    listing = [{p.relative_to(root) for p in root.rglob("*") if p.is_file()} for root in (committed, made)]
    found = [f"{name}: in one of the folders only" for name in sorted(listing[0] ^ listing[1])]
    for name in sorted(listing[0] & listing[1]):
        found += [f"{ROUNDING * what.startswith(ROUNDING)}{name}: {what.removeprefix(ROUNDING)}"
                  for what in files_differ(committed / name, made / name)]
    found.sort(key=lambda line: line.startswith(ROUNDING))  # what counts comes first
    print("\n".join(line[:300] for line in found[:20]))
    sys.exit(0 if not found else 3 if found[0].startswith(ROUNDING) else 1)


main()
