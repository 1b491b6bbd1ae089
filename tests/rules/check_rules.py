#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the compiler does not: includes go down the list of rooms only, each source and test is in a CMake list,
<torch/torch.h> stays out of headers, no file lacks its licence line. Usage: check_rules.py SOURCE_DIR"""
import pathlib
import re
import sys

# DESIGN section 3: a room may include the rooms named here and what these may include.
USES = {
    "base": [], "config": ["base"], "metrics": ["base"], "comm": ["base"], "store": ["base"],
    "text": ["base", "config"], "model": ["store", "text", "comm"], "reward": ["model", "text"], "rl": ["base"],
    "decode": ["model", "reward"],
    "train": ["config", "metrics", "comm", "store", "text", "model", "reward", "rl", "decode"],
    "eval": ["train"], "app": ["eval"],
}


def reach(room):
    seen = {room}
    for used in USES[room]:
        seen |= reach(used)
    return seen


def main():
    root = pathlib.Path(sys.argv[1])
    problems = []
    files = [f for top in ("include", "src", "tests") for f in (root / top).rglob("*")
             if f.suffix in (".hpp", ".cpp")]
    if len(files) < 20:
        problems.append(f"only {len(files)} sources found below {root}: is this the source tree?")
    for file in files:
        text = file.read_text(encoding="utf-8")
        name = file.relative_to(root)
        if not text.startswith("// SPDX-License-Identifier: Apache-2.0"):
            problems.append(f"{name}:1: the licence line is missing")
        if file.suffix == ".hpp" and "torch/torch.h" in text:
            problems.append(f"{name}: <torch/torch.h> in a header costs every includer 20 s")
        parts = name.parts
        room = parts[2] if parts[0] == "include" else parts[1]
        if parts[0] in ("include", "src") and room in USES:
            allowed = reach(room)
            for number, line in enumerate(text.splitlines(), 1):
                match = re.match(r'#include "alarm/(\w+)/', line)
                if match and match[1] not in allowed:
                    problems.append(f"{name}:{number}: room {room} may not use room {match[1]}")
        if file.suffix == ".cpp":
            cmake = file.parent / "CMakeLists.txt"
            while not cmake.exists() and cmake.parent != root:
                cmake = cmake.parent.parent / "CMakeLists.txt"
            if file.name not in cmake.read_text(encoding="utf-8"):
                problems.append(f"{name}: not in {cmake.relative_to(root)}, so it is never built")
    print("\n".join(problems))
    print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
