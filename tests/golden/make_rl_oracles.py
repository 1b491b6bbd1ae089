#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What other implementations make of 200 random ragged batches, float64; writes tests/data/rl/oracles.json.

Made with: python 3.11, torch 2.11.0, numpy 2.4.6, transformers 5.23.0, accelerate 1.15.0 (launch/wheels-golden.lock) and the
packages of launch/wheels-oracles.lock: trl 0.11.4 (with transformers 4.46.3), trl 1.12.0, trl 1.16.0, verl 0.9.1, openrlhf 0.11.2.
datasets, ray, deepspeed, omegaconf, tensordict and the like are imported there and not used here: stubs.

Usage: make_rl_oracles.py ORACLES OUT.json   (launch/golden --oracles make_rl_oracles)
       ORACLES holds a folder for each: trl-0.11.4, trl-1.12.0, trl-1.16.0, verl-0.9.1, openrlhf-0.11.2

The packages' own functions run; where a formula is buried in a trainer's method, that method runs on a stub for the
trainer (rl_oracles/*.py say which). Each package runs in a process of its own. What goes in is a function of the case's
number (rl_oracles/cases.py, tests/rl/oracle_case.hpp), what is stored are a few numbers each: a loss and a projection of
its gradient, a projection of advantages. Where two packages compute the same thing they have to agree to 1e-11, and one
copy is stored. One-token responses: every tenth case, and many others among longer ones. Constant
rewards: two of ten.
"""
import importlib
import json
import pathlib
import subprocess
import sys
import types

from stubs import stub

CASES = 200
PARTS = {"trl_ppo": "trl-1.12.0", "trl_seq2seq": "trl-0.11.4", "trl_policy": "trl-1.16.0",
         "trl_preference": "trl-1.16.0", "verl_core": "verl-0.9.1",
         "openrlhf_loss": "openrlhf-0.11.2"}
# Packages whose __init__ imports a whole system: their modules are imported without it.
BARE = {"openrlhf_loss": ["openrlhf", "openrlhf.models", "openrlhf.trainer", "openrlhf.trainer.ppo_utils",
                          "openrlhf.utils"],
        "verl_core": ["verl.trainer.ppo.v1"]}
STUBS = {"datasets", "ray", "deepspeed", "transfer_queue", "peft", "flash_attn", "ring_flash_attn", "liger_kernel",
         "pylatexenc", "pyarrow", "cachetools", "pandas", "omegaconf", "hydra", "tensordict", "codetiming", "dill", "orjson",
         "trl.trainer.ppo_config", "openrlhf.trainer.ray"}


def run_part(oracles, part, out):
    here = pathlib.Path(__file__).resolve().parent
    sys.path[:0] = [str(here), str(oracles / PARTS[part])]
    stub(STUBS)
    for name in BARE.get(part, ()):
        package = types.ModuleType(name)
        package.__path__ = [str(oracles / PARTS[part] / name.replace(".", "/"))]
        sys.modules[name] = package
    import torch
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    module = importlib.import_module("rl_oracles." + part)
    case = importlib.import_module("rl_oracles.cases").Case
    out.write_text(json.dumps([module.make(case(number)) for number in range(CASES)]))


def merge(parts):
    """One dict a case; what several packages computed has to be one number."""
    cases = []
    for number, results in enumerate(zip(*parts.values())):
        merged = {}
        for part, result in zip(parts, results):
            for name, value in result.items():
                known = merged.setdefault(name, value)
                assert abs(known - value) <= 1e-11 * max(1, abs(known)), (number, name, part, known, value)
        cases.append(merged)
    return cases


def write(cases, out):
    """11 digits: a hundredth of what the tests compare."""
    names = list(cases[0])
    rows = ",\n".join("[" + ",".join(f"{case[name]:.11g}" for name in names) + "]" for case in cases)
    out.write_text(f'{{"names":{json.dumps(names)},\n"cases":[\n{rows}]}}\n')
    print(f"{len(cases)} cases of {len(names)} numbers, {out.stat().st_size} bytes")


def main():
    oracles, out = map(pathlib.Path, sys.argv[1:3])
    if len(sys.argv) > 3:
        return run_part(oracles, sys.argv[3], out)
    parts = {}
    for part in PARTS:
        partial = out.with_suffix("." + part)
        subprocess.run([sys.executable, __file__, oracles, partial, part], check=True)
        parts[part] = json.loads(partial.read_text())
        partial.unlink()
    write(merge(parts), out)


if __name__ == "__main__":
    main()
