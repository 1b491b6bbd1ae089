# SPDX-License-Identifier: Apache-2.0
"""What `alarm-dist tokenize` has to give with --special-tokens, --max-tokens and --cut. tokenizers 0.23.3.

  make_tokenize_command.py SOURCE_DIR   writes tests/data/text/tokenize_command.json

Each entry: tokenizer, post-processor that is put in its place (null: none is), arguments of the command, texts, and for each
text ids and byte offsets.
"""
import json
import pathlib
import sys

from tokenizers import Tokenizer

ROOT = pathlib.Path(sys.argv[1])
WORDPIECE, BYTES = "tests/data/smoke/holistic/tokenizer.json", "tests/data/text/kinds/byte_bpe.json"
TEMPLATE = {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "<|im_end|>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<|im_start|>": {"id": "<|im_start|>", "ids": [0], "tokens": ["<|im_start|>"]},
                               "<|im_end|>": {"id": "<|im_end|>", "ids": [1], "tokens": ["<|im_end|>"]}}}
TEXTS = ["the river follows a friend.", "a cat", "", "é 😀 the old map needs warm water, a robot hides the answer"]
ARGUMENTS = [[], ["--special-tokens"], ["--max-tokens", "4"], ["--special-tokens", "--max-tokens", "5"],
             ["--special-tokens", "--max-tokens", "5", "--cut", "left"], ["--max-tokens", "3", "--cut", "left"],
             ["--special-tokens", "--max-tokens", "2"]]


def byte_offsets(text, offsets):
    return [[len(text[:a].encode()), len(text[:b].encode())] for a, b in offsets]


def entry(file, post_processor, arguments):
    layout = json.loads((ROOT / file).read_text())
    if post_processor is not None:
        layout["post_processor"] = post_processor
    tokenizer = Tokenizer.from_str(json.dumps(layout))
    tokenizer.no_truncation()
    if "--max-tokens" in arguments:
        direction = arguments[arguments.index("--cut") + 1] if "--cut" in arguments else "right"
        tokenizer.enable_truncation(int(arguments[arguments.index("--max-tokens") + 1]), direction=direction)
    encodings = [tokenizer.encode(text, add_special_tokens="--special-tokens" in arguments) for text in TEXTS]
    return {"tokenizer": file, "post_processor": post_processor, "arguments": arguments, "texts": TEXTS,
            "tokens": [encoding.ids for encoding in encodings],
            "offsets": [byte_offsets(text, encoding.offsets) for text, encoding in zip(TEXTS, encodings)]}


entries = [entry(file, post, arguments) for file, post in ((WORDPIECE, None), (BYTES, TEMPLATE)) for arguments in ARGUMENTS]
text = ",\n".join(json.dumps(e, ensure_ascii=False) for e in entries)
(ROOT / "tests/data/text/tokenize_command.json").write_text(f"[{text}]\n", encoding="utf-8")
