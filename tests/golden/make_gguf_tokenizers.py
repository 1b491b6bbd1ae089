# SPDX-License-Identifier: Apache-2.0
"""What transformers reads of the tokenizers in GGUF metadata: make_gguf_tokenizers.py DATA_DIR. gguf 0.19.0, transformers 5.23.0.

DATA_DIR/gguf/bpe_ends.json: metadata of a tiny byte-level BPE with every combination of add_bos_token and add_eos_token, the ids
of both ends among them or not, and the ids that transformers' AutoTokenizer reads texts as. Where add_bos_token is missing the two
references differ for llama-bpe: llama.cpp's loader adds it (src/llama-vocab.cpp), transformers does not; we do as llama.cpp.
"""
import itertools
import json
import pathlib
import sys
import tempfile

import gguf
from transformers import AutoTokenizer

TOKENS = ["a", "b", "ab", "Ġ", "Ġa", "<|begin|>", "<|end|>"]
TYPES = [1, 1, 1, 1, 1, 3, 3]
MERGES = ["a b", "Ġ a"]
TEXTS = ["ab a", "", "a<|end|>b"]


def read(case):
    with tempfile.TemporaryDirectory() as folder:
        writer = gguf.GGUFWriter(pathlib.Path(folder) / "x.gguf", "llama")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(case["pre"])
        writer.add_token_list(TOKENS)
        writer.add_token_types(TYPES)
        writer.add_token_merges(MERGES)
        for key, add in (("add_bos_token", writer.add_add_bos_token), ("add_eos_token", writer.add_add_eos_token),
                         ("bos_token_id", writer.add_bos_token_id), ("eos_token_id", writer.add_eos_token_id)):
            if key in case:
                add(case[key])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file="x.gguf")
        return [tokenizer(text)["input_ids"] for text in TEXTS]


def main(data):
    cases = []
    for begin, end, named in itertools.product((True, False, None), (True, False, None), (True, False)):
        case = {"pre": "gpt-2" if begin is None else "llama-bpe"}
        case |= {} if begin is None else {"add_bos_token": begin}
        case |= {} if end is None else {"add_eos_token": end}
        case |= {"bos_token_id": 5, "eos_token_id": 6} if named else {}
        cases.append(case | {"ids": read(case)})
    listing = {"tokens": TOKENS, "types": TYPES, "merges": MERGES, "texts": TEXTS, "cases": cases}
    (data / "gguf/bpe_ends.json").write_text(json.dumps(listing, ensure_ascii=False, separators=(",", ":")) + "\n")


main(pathlib.Path(sys.argv[1]))
