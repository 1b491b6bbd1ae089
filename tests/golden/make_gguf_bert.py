# SPDX-License-Identifier: Apache-2.0
"""GGUF files of tiny encoders: make_gguf_bert.py DATA_DIR. gguf 0.19.0, torch 2.11.0, transformers 5.23.0, safetensors 0.8.

gguf/bert.gguf (trunk) and roberta.gguf (with a classifier), under the gguf package's names (get_tensor_name_map), as llama.cpp's
converter writes them: no pooler, no rows of positions that no token has, WordPiece tokens with U+2581 before those that begin
words instead of ## before those that do not. gguf/bert_expected.safetensors: states and logits in transformers, in float64, of the
same float32 weights, one sequence at a time; bert_ids.json: the ids that tokenizers gives with the original vocabulary.
  make_gguf_bert.py DATA_DIR --check DIR    (`alarm-dist convert roberta.gguf DIR --dtype float64`): in transformers
"""
import json
import pathlib
import sys
import tempfile

import converted
import gguf
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import BertWordPieceTokenizer
from transformers import AutoModelForSequenceClassification, BertConfig, BertModel, RobertaConfig, RobertaForSequenceClassification

SIZES = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, layer_norm_eps=1e-5,
             attn_implementation="eager")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", "the", "cat", "cats", "sat", "##s", "##ing", "eat", "e", "##a",
         "##t", "na", "##ive", ".", ",", "!", "1", "##2", "中"]
TEXTS = ["The cats sat.", "Eating, naïve!  eats 12", "a [MASK] cat", "", "中the中 xyz", "[unused1]"]
INPUTS = [[2, 6, 7, 3], [2, 9, 3], [2, 12, 11, 18, 20, 21, 22, 3]]


def make(kind, config):
    torch.manual_seed(9)
    model = kind(config).eval()
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape)
        weight.data = 1 + 0.2 * noise if "LayerNorm.weight" in name else 0.4 * noise
    return model


def add_metadata(writer, config, offset):
    writer.add_context_length(config.max_position_embeddings - offset)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_eps(config.layer_norm_eps)
    writer.add_causal_attention(False)
    writer.add_token_type_count(config.type_vocab_size)


def phantom(token):
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else "▁" + token


def add_bert_tokenizer(writer):
    writer.add_tokenizer_model("bert")
    writer.add_token_list([phantom(word) for word in WORDS])
    writer.add_token_types([gguf.TokenType.CONTROL] * 5 + [gguf.TokenType.NORMAL] * (len(WORDS) - 5))
    for add, token in ((writer.add_bos_token_id, 2), (writer.add_unk_token_id, 1), (writer.add_sep_token_id, 3),
                       (writer.add_pad_token_id, 0), (writer.add_mask_token_id, 4)):
        add(token)


def add_roberta_tokenizer(writer):
    letters = [chr(ord("a") + i) for i in range(18)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("roberta-bpe")
    writer.add_token_list(["<s>", "<pad>", "</s>", "<unk>"] + letters + ["ab", "<mask>"])
    writer.add_token_types([3, 3, 3, 3] + [1] * 19 + [3])
    writer.add_token_merges(["a b"])
    for add, token in ((writer.add_bos_token_id, 0), (writer.add_pad_token_id, 1), (writer.add_eos_token_id, 2),
                       (writer.add_unk_token_id, 3), (writer.add_mask_token_id, 23)):
        add(token)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)


def write(path, model, add_tokenizer, offset):
    config = model.config
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.BERT])
    add_metadata(writer, config, offset)
    add_tokenizer(writer)
    for name, weight in model.named_parameters():
        name = name.removeprefix("roberta.")
        if "pooler" in name:
            continue
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert stored, name
        weight = weight[offset:] if "position_embeddings" in name else weight
        writer.add_tensor(stored, np.ascontiguousarray(weight.detach().numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def run(model, key):
    with torch.no_grad():
        found = [model(torch.tensor([one]), output_hidden_states=True) for one in INPUTS]
    if key == "states":
        return torch.cat([one.hidden_states[-1][0] for one in found]).contiguous()
    return torch.cat([one.logits for one in found]).contiguous()


def ids_of_texts():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vocab.txt"
        path.write_text("\n".join(WORDS) + "\n")
        tokenizer = BertWordPieceTokenizer(str(path))
        return [tokenizer.encode(text).ids for text in TEXTS]


def main(data):
    bert = make(BertModel, BertConfig(vocab_size=24, max_position_embeddings=16, **SIZES))
    roberta = make(RobertaForSequenceClassification,
                   RobertaConfig(vocab_size=24, max_position_embeddings=18, type_vocab_size=1, num_labels=1, pad_token_id=1, **SIZES))
    write(data / "gguf/bert.gguf", bert, add_bert_tokenizer, 0)
    write(data / "gguf/roberta.gguf", roberta, add_roberta_tokenizer, 2)
    bert.double()
    roberta.double()
    save_file({"tokens": torch.tensor(sum(INPUTS, [])), "lengths": torch.tensor([len(one) for one in INPUTS]),
               "bert.states": run(bert, "states"), "roberta.states": run(roberta, "states"),
               "roberta.logits": run(roberta, "logits")}, data / "gguf/bert_expected.safetensors")
    (data / "gguf/bert_ids.json").write_text(json.dumps({"texts": TEXTS, "ids": ids_of_texts()}, ensure_ascii=False) + "\n")


if sys.argv[2:3] == ["--check"]:
    converted.check(AutoModelForSequenceClassification, sys.argv[3], lambda model: run(model, "logits"),
                    pathlib.Path(sys.argv[1]) / "gguf/bert_expected.safetensors", "roberta.logits")
else:
    main(pathlib.Path(sys.argv[1]))
