# SPDX-License-Identifier: Apache-2.0
"""Our encodings, for the scripts that compare them with those of other implementations: tokenizer_benchmark of tests/text."""
import json
import subprocess

import numpy as np


def encode_here(binary, model, lines, folder):
    """(what it says of its speed, [(ids, offsets) of each line]); lines are texts or bytes without line ends."""
    text, output = folder / "text", folder / "output"
    text.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    said = subprocess.run([binary, str(model), str(text), str(output)], check=True, capture_output=True).stdout
    numbers, at, encodings = np.fromfile(output, dtype="<i8"), 0, []
    for _ in lines:
        size = int(numbers[at])
        encodings.append((numbers[at + 1:at + 1 + size], numbers[at + 1 + size:at + 1 + 3 * size]))
        at += 1 + 3 * size
    return json.loads(said), encodings


def same(found, ids, offsets):
    return list(found[0]) == list(ids) and np.array_equal(found[1], np.reshape(np.asarray(offsets, dtype=np.int64), -1))
