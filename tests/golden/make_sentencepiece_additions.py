# SPDX-License-Identifier: Apache-2.0
"""What transformers' slow tokenizers make of files beside a SentencePiece model: make_sentencepiece_additions.py KINDS_DIR.
transformers 4.57.1 (the last whose slow tokenizers run on SentencePiece itself), sentencepiece 0.2.3.

Writes KINDS_DIR/deberta.model, a Unigram model whose first pieces are those of Microsoft's DeBERTa-v3, and
KINDS_DIR/sentencepiece_additions.json: of each case the model, the files beside it, the size of the vocabulary, and of each
text the ids, without and with what the tokenizer adds, and the text decoded without special tokens. The decoders of T5 and DeBERTa write
spaces of their own, XLM-RoBERTa's strips the text: no texts there. T5 adds no end to a text that ends with one, but says that it will: those are left out.
"""
import json
import pathlib
import shutil
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from transformers import DebertaV2Tokenizer, LlamaTokenizer, T5Tokenizer, XLMRobertaTokenizer

KINDS = pathlib.Path(sys.argv[1])
TEXTS = ["", " ", "Hello, world!", "the words of a sentence", "Hello <s> world</s>", "<s>", "</s><s>", " <s>", "a </s>", "<|im_start|>user\nwho?<|im_end|>\n",
         "a<tool>b", "a <tool> b", "<tool>a", " <tool>", "<tool><tool> ", "  <mask>  x", "x <mask>", "<mask><|im_start|>", "▁▁ marks ▁ here", "▁<s>",
         "<extra_id_0> and <extra_id_1>.", "The <extra_id_4>", "[PAD] [PAD]", "é😀<tool>中文", "<tool", "<|im_start", "two  spaces <tool>  two", "<unk> x",
         "<<tool>>", "<s", "\n<tool>\n", "[CLS] a [SEP]", "a [MASK] b", "<pad></s> <unk>"]


def pieces(model):
    return sentencepiece.SentencePieceProcessor(model_file=str(KINDS / f"{model}.model")).get_piece_size()


def token(content, special=True, **flags):
    return {"content": content, "special": special, "normalized": False, "single_word": False, "lstrip": False, "rstrip": False, **flags}


def llama(legacy, **more):
    n = pieces("sentencepiece_bpe")
    listed = {0: token("<unk>"), 1: token("<s>"), 2: token("</s>"), n: token("<|im_start|>"), n + 1: token("<tool>", special=False),
              n + 2: token("<mask>", lstrip=True), n + 3: token("<|im_end|>", rstrip=True)}
    return {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "legacy": legacy, "bos_token": "<s>", "eos_token": "</s>",
                                      "additional_special_tokens": ["<|im_start|>", "<mask>", "<|im_end|>"],
                                      "added_tokens_decoder": {str(k): v for k, v in listed.items()}, **more}}


def maps():
    n = pieces("sentencepiece_bpe")
    return {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "add_eos_token": True},
            "special_tokens_map.json": {"bos_token": "<s>", "eos_token": {"content": "<|im_end|>", "lstrip": False, "rstrip": False,
                                                                         "normalized": False, "single_word": False},
                                        "pad_token": "[PAD]", "additional_special_tokens": ["<|im_start|>"]},
            "added_tokens.json": {"<tool>": n, "<|im_start|>": n + 1}}


def t5(legacy, extra, **more):
    return {"tokenizer_config.json": {"tokenizer_class": "T5Tokenizer", "legacy": legacy, **extra, **more}}


def deberta_model():
    """[PAD], [CLS], [SEP] and [UNK] are its first pieces; the sequence ends (control pieces) are not <s> and </s>."""
    proto = sentencepiece_model_pb2.ModelProto.FromString((KINDS / "sentencepiece_unigram.model").read_bytes())
    kinds = proto.SentencePiece
    rest = [piece for piece in proto.pieces if piece.type not in (kinds.UNKNOWN, kinds.CONTROL)]
    del proto.pieces[:]
    for name, kind in (("[PAD]", kinds.CONTROL), ("[CLS]", kinds.CONTROL), ("[SEP]", kinds.CONTROL), ("[UNK]", kinds.UNKNOWN)):
        proto.pieces.add(piece=name, score=0.0, type=kind)
    proto.pieces.extend(rest)
    spec = proto.trainer_spec
    spec.pad_id, spec.bos_id, spec.eos_id, spec.unk_id = 0, 1, 2, 3
    spec.pad_piece, spec.bos_piece, spec.eos_piece, spec.unk_piece = "[PAD]", "[CLS]", "[SEP]", "[UNK]"
    (KINDS / "deberta.model").write_bytes(proto.SerializeToString())


SENTINELS = {"extra_ids": 5, "additional_special_tokens": [f"<extra_id_{i}>" for i in range(5)]}
SENTINEL_MAP = {"eos_token": "</s>", "additional_special_tokens": SENTINELS["additional_special_tokens"]}
deberta_model()
CASES = {
    "llama_listed": ("sentencepiece_bpe", LlamaTokenizer, llama(True)),
    "llama_listed_one_prefix": ("sentencepiece_bpe", LlamaTokenizer, llama(False)),
    "llama_maps": ("sentencepiece_bpe", LlamaTokenizer, maps()),
    "llama_bare": ("sentencepiece_bpe", LlamaTokenizer, {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "legacy": False}}),
    "t5_named": ("sentencepiece_unigram", T5Tokenizer, t5(True, SENTINELS)),
    "t5_named_one_prefix": ("sentencepiece_unigram", T5Tokenizer, t5(False, SENTINELS)),
    "t5_named_twice": ("sentencepiece_unigram", T5Tokenizer, t5(True, SENTINELS) | {"special_tokens_map.json": SENTINEL_MAP}),
    "t5_usual": ("sentencepiece_unigram", T5Tokenizer, t5(True, {})),
    "deberta": ("deberta", DebertaV2Tokenizer, {"tokenizer_config.json": {"do_lower_case": False, "vocab_type": "spm"}}),
    "deberta_tool": ("deberta", DebertaV2Tokenizer, {"tokenizer_config.json": {"tokenizer_class": "DebertaV2Tokenizer"},
                                                     "added_tokens.json": {"[MASK]": pieces("deberta"), "<tool>": pieces("deberta") + 1}}),
    "deberta_other_pieces": ("sentencepiece_unigram", DebertaV2Tokenizer, {"config.json": {"model_type": "deberta-v2"}}),
    "xlm_roberta": ("sentencepiece_bpe", XLMRobertaTokenizer, {"config.json": {"model_type": "xlm-roberta"}}),
    "xlm_roberta_tool": ("sentencepiece_bpe", XLMRobertaTokenizer,
                         {"tokenizer_config.json": {"tokenizer_class": "XLMRobertaTokenizer", "additional_special_tokens": ["<tool>"]}}),
    "t5_without": ("sentencepiece_unigram", T5Tokenizer, t5(False, {"extra_ids": 0})),
}

golden = {}
for name, (model, kind, files) in CASES.items():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        file = kind.vocab_files_names["vocab_file"]
        shutil.copy(KINDS / f"{model}.model", folder / file)
        for other, content in files.items():
            (folder / other).write_text(json.dumps(content))
        tokenizer = kind.from_pretrained(folder)
    cases = []
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False)
        case = {"text": text, "ids": ids}
        if kind is not T5Tokenizer or ids[-1:] != [tokenizer.eos_token_id]:
            case["with_specials"] = tokenizer.encode(text)
        if name in ("llama_listed", "llama_maps") and ids:
            case["decoded"] = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False,
                                               spaces_between_special_tokens=False)
        cases.append(case)
    golden[name] = {"model": f"{model}.model", "file": file, "files": files, "vocabulary": len(tokenizer), "cases": cases}
    print(name, len(tokenizer))


def lines(value, depth):
    """JSON with an object's fields, down to that depth, and a list's entries in lines of their own."""
    short = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if depth == 0 or not value or not isinstance(value, (dict, list)):
        return short
    if isinstance(value, list):
        return "[\n" + ",\n".join(lines(entry, 0) for entry in value) + "]"
    return "{\n" + ",\n".join(f"{json.dumps(key)}:{lines(field, depth - 1)}" for key, field in value.items()) + "}"


(KINDS / "sentencepiece_additions.json").write_text(lines(golden, 3) + "\n")
