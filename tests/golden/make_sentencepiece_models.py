#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Golden values of small models on which versions of SentencePiece differ, made with sentencepiece 0.2.3 and xxhash 3.
"""Usage: make_sentencepiece_models.py SOURCE_DIR. Writes tests/data/text/kinds/sentencepiece_models.json.

In the Unigram models many splits have the same score. Which of them wins depends on the precision in which scores are added,
and changed in sentencepiece 0.2.3: the older libsentencepiece of Debian takes others. The models differ in what they do to
spaces, in how they treat unknown characters, and in the size of their scores: those of "great" go beyond the sum after which
counting begins anew. In the models of other kinds characters are pieces that are not used, or control symbols: 0.2.3 takes
them for unknown, the older library does not, or fails.
Written are, for each model, its file, the ids of lines made of the pieces, and a digest of the ids and byte offsets of those
lines and of all of hostile.py.
"""
import json
import pathlib
import random
import sys

import numpy as np
import sentencepiece
import xxhash
from sentencepiece import sentencepiece_model_pb2

from hostile import HOSTILE, HOSTILE_BYTES

KINDS = pathlib.Path(sys.argv[1]).resolve() / "tests/data/text/kinds"
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
SPACE = "▁"
LINES = 60
UNIGRAM, BPE, WORD, CHARACTER = range(1, 5)
HIDDEN = {"l": UNUSED, "日": UNUSED, "t": CONTROL, SPACE + "hello": UNUSED, SPACE + "the": CONTROL, "--": UNUSED}


def words():
    """Pieces of runs, of words and of their parts: scores in steps of 0.7, so that sums often meet."""
    runs = [character * count for character in "-0=a" for count in (1, 2, 3, 4, 6)]
    parts = ["h", "e", "l", "o", "t", "he", "the", "ll", "lo", "hell", "hello", "é", "日", "日本", "😀", "th", "el", "llo"]
    spaced = [SPACE + piece for piece in ("", "-", "--", "a", "aa", "the", "hello", "日")] + [SPACE * 2, "a" + SPACE, "--" + SPACE]
    for index, piece in enumerate(runs + parts + spaced):
        yield piece, -0.7 * (3 + len(piece) + index % 3), NORMAL
    yield "lll", -0.1, UNUSED
    yield "<sep>", 0.0, USER_DEFINED
    yield "==-", 0.0, USER_DEFINED
    yield "==-==", 0.0, USER_DEFINED


def model(kind=UNIGRAM, scale=1, byte_fallback=False, suffix=False, charsmap=b"", types={}, **normalizer):
    proto = sentencepiece_model_pb2.ModelProto()
    pieces = [("<unk>", 0, UNKNOWN), ("<s>", 0, CONTROL), ("</s>", 0, CONTROL)]
    if byte_fallback:
        pieces += [(f"<0x{byte:02X}>", 0, BYTE) for byte in range(256)]
    for piece, score, own_type in [*pieces, *words()]:
        proto.pieces.add(piece=piece, score=scale * score, type=types.get(piece, own_type))
    proto.trainer_spec.model_type = kind
    proto.trainer_spec.byte_fallback = byte_fallback
    proto.trainer_spec.treat_whitespace_as_suffix = suffix
    proto.normalizer_spec.precompiled_charsmap = charsmap
    for key, value in normalizer.items():
        setattr(proto.normalizer_spec, key, value)
    return proto.SerializeToString()


def models():
    trained = sentencepiece_model_pb2.ModelProto.FromString((KINDS / "sentencepiece_unigram.model").read_bytes())
    yield "plain", model()
    yield "bytes", model(byte_fallback=True)
    yield "great", model(scale=2718.3)
    yield "mapped", model(charsmap=trained.normalizer_spec.precompiled_charsmap)
    yield "suffix", model(suffix=True, remove_extra_whitespaces=False)
    yield "unmarked", model(escape_whitespaces=False)
    yield "bpe", model(BPE, types=HIDDEN)
    yield "bpe_bytes", model(BPE, byte_fallback=True, types=HIDDEN)
    yield "word", model(WORD, types=HIDDEN)
    yield "character", model(CHARACTER, types=HIDDEN)
    yield "all_spaces", model(remove_extra_whitespaces=False, add_dummy_prefix=False, byte_fallback=True)


def lines():
    yield "hello the a -- the hello x"
    draw = random.Random(1)
    parts = ["-", "0", "=", "a", "l", "hel", "lo", " ", "  ", "the", "日", "本", "é", "😀", "x", "Ω", "<sep>", SPACE]
    for _ in range(LINES):
        yield "".join(draw.choice(parts) * draw.randrange(1, 12) for _ in range(draw.randrange(1, 6)))
    yield "-" * 3000 + "0" * 3000


def encode(processor, text):
    pieces = processor.encode(text, return_type="proto").pieces
    return [piece.id for piece in pieces], [place for piece in pieces for place in (piece.begin, piece.end)]


def golden(name, file, texts):
    processor = sentencepiece.SentencePieceProcessor(model_proto=file)
    digest = xxhash.xxh3_128()
    for text in texts + HOSTILE + HOSTILE_BYTES:
        ids, offsets = encode(processor, text)
        digest.update(np.array([len(ids), *ids, *offsets], dtype="<i8").tobytes())
    ids = [encode(processor, text)[0] for text in texts[:LINES]]
    return {"name": name, "model": file.hex(), "ids": ids, "digest": digest.hexdigest()}


def main():
    texts = list(lines())
    value = {"lines": texts, "models": [golden(name, file, texts) for name, file in models()]}
    (KINDS / "sentencepiece_models.json").write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


main()
