#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Compares with sentencepiece 0.2.3, on this machine, now.
"""Usage: compare_sentencepiece.py SOURCE_DIR BENCHMARK [MODELS [LINES [SEED]]]

Trains MODELS (240) random SentencePiece models on ACLSum with sentencepiece and encodes LINES (300) random lines with each, here
(BENCHMARK is the built tokenizer_benchmark) and there: every id and every offset has to be equal. Models: Unigram (half of them),
BPE, word and character; byte fallback, user-defined, control and unused pieces, kinds of normalising, spaces as suffix, without the
one before a text, all kept; scores as trained, coarse (so that splits tie), or great. Lines: prose, hostile texts side by side,
rows of equal characters, random characters of many scripts, random bytes, mutations of these. Ends with 1 when something differs.
"""
import io
import json
import pathlib
import sys
import tempfile

import numpy as np
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from hostile import HOSTILE
from tokenizer_benchmark import encode_here, same

ROOT, BENCHMARK = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
MODELS, LINES, SEED = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((3, 240), (4, 300), (5, 1)))
KINDS = ["unigram", "bpe", "unigram", "word", "unigram", "char"]
RULES = ["nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity"]
UNUSED, NORMAL = 5, 1  # types of pieces
SYMBOLS = ["<a>", "ab", "▁the", "é", "----", "日本", "😀"]


def papers():
    lines = []
    for line in (ROOT / ".deps/site/aclsum/dataset/val.jsonl").read_text("utf-8").splitlines():
        lines += [sentence for part in json.loads(line)["sentences"].values() for sentence in part]
    return lines


PROSE = papers()
TAME = [text for text in HOSTILE if "\n" not in text and "\r" not in text]


def train(rng, kind):
    """A model of that kind with random options, as bytes, and what it is."""
    flip = lambda: bool(rng.integers(2))  # noqa: E731
    options = {"model_type": kind, "vocab_size": int(rng.integers(900, 1500)), "hard_vocab_limit": False, "num_threads": 1,
               "byte_fallback": kind in ("unigram", "bpe") and flip(), "normalization_rule_name": str(rng.choice(RULES)),
               "treat_whitespace_as_suffix": kind != "word" and flip(), "add_dummy_prefix": flip(),
               "remove_extra_whitespaces": flip(), "character_coverage": float(rng.choice([0.98, 1.0])),
               "user_defined_symbols": [str(s) for s in rng.choice(SYMBOLS, size=rng.integers(4), replace=False)],
               "control_symbols": ["<c>"] if flip() else [], "split_by_whitespace": kind == "word" or flip()}
    sample = [PROSE[i] for i in rng.integers(len(PROSE), size=600)] + TAME
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(sample), model_writer=out, minloglevel=2, **options)
    proto = sentencepiece_model_pb2.ModelProto.FromString(out.getvalue())
    scores = str(rng.choice(["trained", "coarse", "great"])) if kind == "unigram" else "trained"
    for piece in proto.pieces:
        if piece.type == NORMAL and rng.random() < 0.02:
            piece.type = UNUSED
        if piece.type == NORMAL and scores != "trained":
            piece.score = round(piece.score) if scores == "coarse" else piece.score * 3e4
    return proto.SerializeToString(), {**options, "scores": scores}


def random_line(rng):
    pick = lambda lines: lines[rng.integers(len(lines))]  # noqa: E731
    kind = rng.integers(6)
    if kind == 0:
        return pick(PROSE).encode()
    if kind == 1:
        return "".join(pick(TAME) for _ in range(3)).encode()
    if kind == 2:
        return (pick("ae -.日é😀▁") * int(rng.integers(1, 40)) + pick(TAME)).encode()
    if kind == 3:
        first = pick([0x20, 0x300, 0x590, 0x900, 0x3040, 0xAC00, 0xFF00, 0x1F300])
        return "".join(map(chr, rng.integers(first, first + 100, size=20))).encode()
    if kind == 4:
        return rng.integers(256, size=rng.integers(1, 30), dtype=np.uint8).tobytes()
    line = bytearray(random_line(rng))
    for place in rng.integers(len(line), size=3) if line else ():
        line[place] = rng.integers(256)
    return bytes(line)


def compare(number, folder):
    """Lines that differ."""
    rng = np.random.default_rng([SEED, number])
    model, options = train(rng, KINDS[number % len(KINDS)])
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    lines = [line for line in (random_line(rng) for _ in range(LINES)) if b"\n" not in line]
    (folder / "tokenizer.model").write_bytes(model)
    encodings, differing = encode_here(BENCHMARK, folder / "tokenizer.model", lines, folder)[1], 0
    for line, found in zip(lines, encodings):
        pieces = processor.encode(line, return_type="proto").pieces
        if not same(found, [p.id for p in pieces], [[p.begin, p.end] for p in pieces]):
            differing += 1
            if differing == 1:
                print(f"{line!r}: {list(found[0])}, expected {[p.id for p in pieces]}, of {options}")
    return len(lines), differing


def main():
    lines, differing = {}, 0
    with tempfile.TemporaryDirectory() as name:
        for number in range(MODELS):
            count, wrong = compare(number, pathlib.Path(name))
            kind = KINDS[number % len(KINDS)]
            lines[kind], differing = lines.get(kind, 0) + count, differing + wrong
    print(f"{MODELS} models, lines by kind {lines}: {differing} differ")
    return 1 if differing else 0


sys.exit(main())
