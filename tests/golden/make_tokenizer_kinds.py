#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Golden values for every kind of tokenizer component, made with tokenizers 0.23.3, sentencepiece 0.2.3 and xxhash 3.
"""Usage: make_tokenizer_kinds.py SOURCE_DIR [DATA_DIR]. Writes tests/data/text/kinds/*.

Trains small tokenizers on ACLSum and writes them (NAME.json, NAME.model); those that are there are read instead, because
training gives other vocabularies or bytes from run to run. Writes with them, for each line of hostile.json, ids, byte
offsets and the text they decode to (NAME_golden.json; of the longest lines a digest of all that). components.json holds
variants of them: a patch of the tokenizer.json for each kind of component and each of its options, with a digest of the
results on all hostile lines, and a few bits of it for each line. data_digests.json holds digests of ids and offsets over
about 10 MB of DATA_DIR (default SOURCE_DIR/../shared/data) for the trained tokenizers.
"""
import base64
import copy
import io
import json
import os
import pathlib
import sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy as np
import sentencepiece
import xxhash
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from hostile import HOSTILE, HOSTILE_BYTES

ROOT = pathlib.Path(sys.argv[1]).resolve()
DATA = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT.parent / "shared/data"
OUT = ROOT / "tests/data/text/kinds"
VOCABULARY = 500
LONGEST_LISTED = 40
LINE_DIGITS = 2
CHARSMAP = "@charsmap"  # stands for the small character map in components.json
DATA_FILES = [
    "europarl_es_en/europarl-v7.es-en.en", "europarl_es_en/europarl-v7.es-en.es", "europarl_es_en/newstest2012.en",
    "europarl_es_en/newstest2012.es", "europarl_es_en/newstest2013.en", "europarl_es_en/newstest2013.es",
    "wmt_mqm/mqm_ted_ende.tsv", "wmt_mqm/mqm_ted_zhen.tsv", "tokenizers/sentencepiece_test/botchan.txt"]

# Rules of a small SentencePiece character map, which a model with the published ones would make large: code points.
RULES = """FF21 41|FF22 42|FF43 63|FB01 66 69|BD 31 2F 32|3000 20|A0 20|65 301 E9|41 30A C5|212B C5|200B |33CF 6B 67
FDFA 635 644 649 20 627 644 644 647|AD |2460 31|1F1E9 44|915 937 47|E9 65 301|D 20|A 20|9 20|FEFF |1100 1161 AC00"""

LLAMA = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


# --- training ---------------------------------------------------------------------------------------------------------

def corpus():
    lines = []
    for line in (ROOT / ".deps/site/aclsum/dataset/val.jsonl").read_text(encoding="utf-8").splitlines():
        paper = json.loads(line)
        lines += [paper["title"], *paper["sentences"]["abstract"], *paper["sentences"]["conclusion"]]
    return lines + [text for text in HOSTILE if text.strip() and len(text) < 100 and "\0" not in text and "<|" not in text]


def byte_bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<|im_start|>", "<|im_end|>", "[MASK]"]))
    return tokenizer


def fallback_bpe():
    """As Llama 2 and Mistral have it: no pre-tokenizer, bytes for what the vocabulary lacks."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=VOCABULARY + 256, limit_alphabet=90, show_progress=False, special_tokens=["<unk>", "<s>", "</s>", *bytes_]))
    document = json.loads(tokenizer.to_str())
    document["added_tokens"] = document["added_tokens"][:3]
    tokenizer = Tokenizer.from_str(json.dumps(document))
    tokenizer.pre_tokenizer = None
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    return tokenizer


def suffix_bpe():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.BPEDecoder("</w>")
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=VOCABULARY, limit_alphabet=120, end_of_word_suffix="</w>", special_tokens=["<unk>"], show_progress=False))
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.train_from_iterator(corpus(), trainers.UnigramTrainer(
        vocab_size=VOCABULARY, unk_token="<unk>", special_tokens=["<pad>", "</s>", "<unk>"], show_progress=False))
    return tokenizer


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(corpus(), trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, limit_alphabet=150, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
        show_progress=False))
    return tokenizer


def sentencepiece_model(kind):
    rules = OUT / "rules.tsv"
    writer = io.BytesIO()
    rules.write_text("".join(f"{source}\t{target}\n" for source, target in rule_lines()))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_writer=writer, model_type=kind, vocab_size=VOCABULARY + 256,
        byte_fallback=True, character_coverage=0.997, normalization_rule_tsv=str(rules), num_threads=1,
        user_defined_symbols=["<sep>"], control_symbols=["<ctl>"], minloglevel=2)
    rules.unlink()
    return writer.getvalue()


PAIRS = {"65 301 E9": 2, "41 30A C5": 2, "915 937 47": 2, "1100 1161 AC00": 2}


def rule_lines():
    for rule in RULES.replace("\n", "|").split("|"):
        parts = rule.split(" ")
        count = PAIRS.get(rule, 1)
        yield " ".join(parts[:count]), " ".join(part for part in parts[count:] if part)


# --- results ----------------------------------------------------------------------------------------------------------

def byte_offsets(text, offsets):
    offsets = np.asarray(offsets, dtype=np.int64).reshape(-1, 2)
    if text.isascii():
        return offsets
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    sizes = 1 + (codes >= 0x80).astype(np.int64) + (codes >= 0x800) + (codes >= 0x10000)
    return np.concatenate(([0], np.cumsum(sizes)))[offsets]


def encode(tokenizer, text, special=False):
    encoding = tokenizer.encode(text, add_special_tokens=special)
    return encoding.ids, byte_offsets(text, encoding.offsets)


def encode_sentencepiece(processor, text):
    pieces = processor.encode(text, return_type="proto").pieces
    return [piece.id for piece in pieces], np.array([[p.begin, p.end] for p in pieces], dtype=np.int64).reshape(-1, 2)


def numbers_of(ids, offsets, decoded):
    """What is compared, as bytes: 64-bit numbers and the text."""
    return np.concatenate(([len(ids)], ids, np.asarray(offsets).reshape(-1))).astype("<i8").tobytes() + decoded.encode()


def golden_cases(run, texts):
    """[ids, gap to the token before and length of each, decoded or null for the text itself]; for a long text a digest."""
    cases = []
    for text in texts:
        ids, offsets, decoded = run(text)
        if len(text) > LONGEST_LISTED:
            cases.append(xxhash.xxh3_128_hexdigest(numbers_of(ids, offsets, decoded)))
        else:
            begins, ends = np.asarray(offsets, dtype=np.int64).reshape(-1, 2).T
            gaps = begins - np.concatenate(([0], ends))[:-1]
            placed = np.stack([gaps, ends - begins], axis=1).reshape(-1).tolist()
            cases.append([ids, placed, None if decoded == text else decoded])
    return cases


def run_json(tokenizer):
    def run(text):
        ids, offsets = encode(tokenizer, text)
        return ids, offsets, tokenizer.decode(ids)
    return run


def run_model(processor):
    def run(text):
        ids, offsets = encode_sentencepiece(processor, text)
        return ids, offsets, processor.decode(ids)
    return run


def write(name, value):
    (OUT / name).write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


# --- variants ---------------------------------------------------------------------------------------------------------

def byte_level(**options):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False, **options}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def normalizer_sequence(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


def template(*parts):
    specials = {"[MASK]": 2, "<|im_start|>": 0, "<|im_end|>": 1}
    return {"type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}} if part == "$A" else
                       {"SpecialToken": {"id": part, "type_id": 0}} for part in parts],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {name: {"id": name, "ids": [id_], "tokens": [name]} for name, id_ in specials.items()}}


def pre_tokenizer_variants():
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        for invert in (False, True):
            yield f"split {behavior} {invert}", {"type": "Split", "pattern": {"Regex": r"[\s\p{P}a]"}, "behavior": behavior,
                                                 "invert": invert}
        yield f"punctuation {behavior}", {"type": "Punctuation", "behavior": behavior}
    for name, regex in (("llama", LLAMA), ("gpt4o", GPT4O), ("words", r"\w+|[^\w\s]+"), ("empty", "x*"), ("hex", r"\h+"),
                        ("lines", r"^.+$"), ("not word", r"\W"), ("class", r"[\w']+"), ("digits", r"\d{3}")):
        yield "regex " + name, {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
    yield "string", {"type": "Split", "pattern": {"String": "e"}, "behavior": "MergedWithNext", "invert": False}
    yield "digits", {"type": "Digits", "individual_digits": False}
    yield "single digits", {"type": "Digits", "individual_digits": True}
    yield "whitespace", {"type": "Whitespace"}
    yield "whitespace split", {"type": "WhitespaceSplit"}
    yield "delimiter", {"type": "CharDelimiterSplit", "delimiter": "o"}
    yield "length", {"type": "FixedLength", "length": 3}
    yield "scripts", {"type": "UnicodeScripts"}
    yield "bert", {"type": "BertPreTokenizer"}
    for scheme in ("always", "first", "never"):
        for split in (True, False):
            yield f"metaspace {scheme} {split}", {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def normalizer_variants(charsmap):
    for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"):
        yield kind, {"type": kind}
    for left in (True, False):
        for right in (True, False):
            yield f"strip {left} {right}", {"type": "Strip", "strip_left": left, "strip_right": right}
            bert = {"type": "BertNormalizer", "clean_text": left, "handle_chinese_chars": right, "strip_accents": None,
                    "lowercase": left}
            yield f"bert {left} {right}", bert
    yield "bert accents", {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                           "strip_accents": True, "lowercase": False}
    yield "prepend", {"type": "Prepend", "prepend": "é_"}
    yield "replace string", {"type": "Replace", "pattern": {"String": "a"}, "content": "éé"}
    yield "replace regex", {"type": "Replace", "pattern": {"Regex": r" {2,}|\d+"}, "content": ""}
    yield "precompiled", {"type": "Precompiled", "precompiled_charsmap": charsmap}
    accents = [{"type": kind} for kind in ("NFKD", "StripAccents", "Lowercase")]
    yield "accents", normalizer_sequence(*accents)
    yield "recomposed", normalizer_sequence({"type": "NFD"}, {"type": "Strip", "strip_left": True, "strip_right": True},
                                            {"type": "NFC"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
    yield "xlnet", normalizer_sequence({"type": "Replace", "pattern": {"String": "``"}, "content": '"'},
                                       {"type": "NFKD"}, {"type": "StripAccents"},
                                       {"type": "Precompiled", "precompiled_charsmap": charsmap})


def added(content, id_, **options):
    return {"id": id_, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": False, **options}


def variants(charsmap, documents):
    """(name, base, patch, options of encode)"""
    gpt2 = byte_level(use_regex=True)
    for name, step in pre_tokenizer_variants():
        yield name, "byte_bpe", {"pre_tokenizer": sequence(step, byte_level())}, {}
    yield "prefix", "byte_bpe", {"pre_tokenizer": byte_level(add_prefix_space=True, use_regex=True)}, {}
    yield "prefix later", "byte_bpe", {"pre_tokenizer": sequence({"type": "WhitespaceSplit"}, byte_level(add_prefix_space=True))}, {}
    yield "bytes first", "byte_bpe", {"pre_tokenizer": sequence(gpt2, {"type": "Digits", "individual_digits": True})}, {}
    for name, normalizer in normalizer_variants(charsmap):
        yield name, "byte_bpe", {"normalizer": normalizer}, {}
        yield name + " to words", "wordpiece", {"normalizer": normalizer}, {}
    yield "byte normalizer", "byte_bpe", {"normalizer": {"type": "ByteLevel"}, "pre_tokenizer": {
        "type": "Split", "pattern": {"Regex": "Ġ?[^Ġ]+"}, "behavior": "Isolated", "invert": False}}, {}
    yield "ignore merges", "byte_bpe", {"model/ignore_merges": True}, {}
    yield "no decoder", "byte_bpe", {"decoder": None}, {}

    roberta = {"type": "RobertaProcessing", "sep": ["<|im_end|>", 1], "cls": ["<|im_start|>", 0], "trim_offsets": True}
    posts = {
        "roberta": {**roberta, "add_prefix_space": False}, "roberta prefix": {**roberta, "add_prefix_space": True},
        "bert": {"type": "BertProcessing", "sep": ["<|im_end|>", 1], "cls": ["<|im_start|>", 0]},
        "trim": byte_level(add_prefix_space=True), "keep": byte_level(trim_offsets=False),
        "template": template("<|im_start|>", "[MASK]", "$A", "<|im_end|>"),
        "llama 3": {"type": "Sequence", "processors": [byte_level(), template("<|im_start|>", "$A")]},
        "end": {"type": "Sequence", "processors": [template("$A", "<|im_end|>"), byte_level()]}}
    tokens = [added("<|im_start|>", 0, special=True), added("<|im_end|>", 1, special=True, rstrip=True),
              added("[MASK]", 2, special=True, lstrip=True)]
    for name, post in posts.items():
        for special in (False, True):
            for prefix in (False, True):
                patch = {"post_processor": post, "added_tokens": tokens,
                         "pre_tokenizer": byte_level(add_prefix_space=prefix, use_regex=True)}
                yield f"post {name} {special} {prefix}", "byte_bpe", patch, {"special": special}
    for most in (3, 4, 9):
        for cut in ("right", "left"):
            yield f"cut {cut} {most}", "byte_bpe", {"post_processor": posts["template"]}, {"special": True, "max": most, "cut": cut}

    known, words = documents["byte_bpe"]["model"]["vocab"], []
    for content, flags in (("the", {}), ("ing", {"single_word": True}), ("İ", {"normalized": True}), ("É", {}),
                           ("a ", {"lstrip": True, "rstrip": True}), ("and", {"single_word": True, "lstrip": True, "rstrip": True}),
                           ("über", {"normalized": True, "single_word": True}), ("x", {"normalized": True, "rstrip": True})):
        new = max([len(known) - 1] + [token["id"] for token in words]) + 1
        words.append(added(content, known.get(content, new), **flags))
    for lower in (None, {"type": "Lowercase"}, {"type": "NFKD"}):
        yield f"added {lower}", "byte_bpe", {"added_tokens": tokens + words, "normalizer": lower}, {}

    fallback = "fallback_bpe"
    for scheme in ("always", "first", "never"):
        for split in (True, False):
            space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
            patch = {"normalizer": None, "pre_tokenizer": space, "decoder": space}
            yield f"fallback metaspace {scheme} {split}", fallback, patch, {}
            yield f"unigram metaspace {scheme} {split}", "unigram", {"pre_tokenizer": space, "decoder": space}, {}
    for fuse in (False, True):
        yield f"unknown {fuse}", fallback, {"model/byte_fallback": False, "model/fuse_unk": fuse}, {}
    few = {key: value for key, value in documents[fallback]["model"]["vocab"].items() if value < 100}
    yield "few bytes", fallback, {"model/vocab": few, "model/merges": []}, {}
    yield "no unknown", fallback, {"model/byte_fallback": False, "model/unk_token": None}, {}
    yield "byte level fallback", fallback, {"normalizer": None, "pre_tokenizer": gpt2}, {}
    yield "strip", fallback, {"decoder": {"type": "Sequence", "decoders": [
        {"type": "Strip", "content": "e", "start": 0, "stop": 1}, {"type": "Strip", "content": "▁", "start": 1, "stop": 0}, {"type": "Replace", "pattern": {"Regex": "[aeiou]"}, "content": "."}]}}, {}

    for name, normalizer in normalizer_variants(charsmap):
        yield name + " to unigram", "unigram", {"normalizer": normalizer}, {}
    with_bytes = documents["unigram"]["model"]["vocab"][:60] + [[f"<0x{byte:02X}>", -20.0] for byte in range(250)]
    yield "unigram bytes", "unigram", {"model/byte_fallback": True, "model/vocab": with_bytes, "decoder": {
        "type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Metaspace", "replacement": "▁",
                                                                    "prepend_scheme": "always", "split": True}]}}, {}
    yield "unigram words", "unigram", {"pre_tokenizer": sequence({"type": "WhitespaceSplit"}, {
        "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True})}, {}
    yield "unigram bare", "unigram", {"pre_tokenizer": None, "decoder": {"type": "Fuse"}}, {}

    yield "wordpiece short", "wordpiece", {"model/max_input_chars_per_word": 5}, {}
    yield "wordpiece raw", "wordpiece", {"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}}, {}
    level = {"type": "WordLevel", "vocab": {"<unk>": 0, "the": 1, "a": 2, ",": 3, ".": 4, "中文": 5, "is": 6}, "unk_token": "<unk>"}
    yield "word level", "wordpiece", {"model": level, "added_tokens": []}, {}
    yield "continuing prefix", "suffix_bpe", {"model": {
        "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": "##", "end_of_word_suffix": None,
        "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
        "vocab": {"<unk>": 0, "a": 1, "##a": 2, "##b": 3, "ab": 4, "##ab": 5, "aba": 6}, "merges": [["a", "##b"], ["##a", "##b"], ["ab", "##a"]]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}}, {}


def patched(document, patch):
    document = copy.deepcopy(document)
    for path, value in patch.items():
        *parents, key = path.split("/")
        target = document
        for parent in parents:
            target = target[parent]
        target[key] = value
    return document


def component_cases(charsmap, documents):
    cases = []
    for name, base, patch, options in variants(CHARSMAP, documents):
        tokenizer = Tokenizer.from_str(json.dumps(patched(documents[base], patch)).replace(CHARSMAP, charsmap))
        if "max" in options:
            tokenizer.enable_truncation(options["max"], direction=options["cut"])
        whole, lines = xxhash.xxh3_128(), ""
        for text in HOSTILE:
            ids, offsets = encode(tokenizer, text, options.get("special", False))
            numbers = numbers_of(ids, offsets, tokenizer.decode(ids))
            whole.update(numbers)
            lines += xxhash.xxh3_128_hexdigest(numbers)[:LINE_DIGITS]
        cases.append({"name": name, "base": base, "patch": patch, **options, "digest": whole.hexdigest(), "lines": lines})
    return cases


# --- large text -------------------------------------------------------------------------------------------------------

def data_digests(runs):
    result = {}
    for name, run in runs.items():
        result[name] = {}
        for file in DATA_FILES:
            tokens, streams = 0, (xxhash.xxh3_128(), xxhash.xxh3_128())
            for line in (DATA / file).read_bytes().split(b"\n"):
                ids, offsets = run(line.decode())
                tokens += len(ids)
                for stream, numbers in zip(streams, (ids, offsets.reshape(-1))):
                    stream.update(np.concatenate(([len(ids)], numbers)).astype("<i8").tobytes())
            result[name][file] = [tokens, streams[0].hexdigest(), streams[1].hexdigest()]
    return result


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    write("hostile.json", {"texts": HOSTILE, "bytes": [text.hex() for text in HOSTILE_BYTES]})
    processors = {}
    for kind in ("bpe", "unigram"):
        file = OUT / f"sentencepiece_{kind}.model"
        model = file.read_bytes() if file.exists() else sentencepiece_model(kind)
        file.write_bytes(model)
        processors["sentencepiece_" + kind] = sentencepiece.SentencePieceProcessor(model_proto=model)
    proto = sentencepiece_model_pb2.ModelProto.FromString((OUT / "sentencepiece_bpe.model").read_bytes())
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    write("sentencepiece_bpe_parts.json", {
        "tokens": [p.piece for p in proto.pieces], "scores": [p.score for p in proto.pieces],
        "types": [p.type for p in proto.pieces], "charsmap": charsmap})

    tokenizers = {make.__name__: make() for make in (byte_bpe, fallback_bpe, suffix_bpe, unigram, wordpiece)}
    documents = {}
    for name, tokenizer in tokenizers.items():
        file = OUT / (name + ".json")
        documents[name] = json.loads(file.read_text("utf-8") if file.exists() else tokenizer.to_str())
        # As read from the file: reading may round a score differently.
        tokenizers[name] = tokenizer = Tokenizer.from_str(json.dumps(documents[name], ensure_ascii=False))
        write(name + ".json", documents[name])
        write(name + "_golden.json", golden_cases(run_json(tokenizer), HOSTILE))
    for name, processor in processors.items():
        write(name + "_golden.json", golden_cases(run_model(processor), HOSTILE + HOSTILE_BYTES))
    write("components.json", component_cases(charsmap, documents))
    if DATA.is_dir():
        runs = {name: lambda text, tokenizer=tokenizer: encode(tokenizer, text) for name, tokenizer in tokenizers.items()}
        runs |= {name: lambda text, p=processor: encode_sentencepiece(p, text) for name, processor in processors.items()}
        write("data_digests.json", data_digests(runs))


main()
