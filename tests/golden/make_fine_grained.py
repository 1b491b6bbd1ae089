# SPDX-License-Identifier: Apache-2.0
"""Rewards as the fine-grained RLHF of Wu et al. (2023) computes them. torch 2.11.0, transformers 5.23.0, tokenizers 0.23.3.

  make_fine_grained.py DATA_DIR      writes tokenizer.json and fine_grained.json

Tiny Longformers whose weights are a formula (formula.py), float64: a token classifier that is read at the </s> before each
sentence, where the best of two labels is a reward, and a sequence classifier with one label. Inputs are tokenised as there: split
at white space for the token classifier, as one text for the other.
"""
import json
import pathlib
import sys

import torch
from tokenizers import ByteLevelBPETokenizer, processors
from transformers import (LongformerConfig, LongformerForSequenceClassification, LongformerForTokenClassification,
                          PreTrainedTokenizerFast)
from transformers.models.longformer import modeling_longformer

from formula import DoubleTorch, weights

QUESTION = "What was found, and by whom?"
ANSWERS = [["It was found in 1872 by Smith.", "Few believed him at first!", "The tablets are in London now."],
           ["Nobody knows."],
           ["A naïve  answer\nruns over lines.", "It ends “here”."]]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CONFIG = {"model_type": "longformer", "vocab_size": 320, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2,
          "num_attention_heads": 2, "max_position_embeddings": 130, "layer_norm_eps": 1e-5, "type_vocab_size": 1,
          "attention_window": [8, 16], "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
POSITIVE, NEGATIVE = 0.5, -0.5
BIAS = [1.5, -1.0, -0.25]  # of the token classifier, so that rewards differ


def make_tokenizer(path):
    tokenizer = ByteLevelBPETokenizer(add_prefix_space=True)
    tokenizer.train_from_iterator([QUESTION] + [s for answer in ANSWERS for s in answer], CONFIG["vocab_size"], 1, False, SPECIAL)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=True)
    tokenizer.save(str(path))
    return PreTrainedTokenizerFast(tokenizer_file=str(path), **dict(zip(
        ("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), SPECIAL)))


def make_model(kind, labels):
    model = kind(LongformerConfig(**CONFIG, num_labels=labels)).double().eval()
    for name, parameter in model.named_parameters():
        parameter.data = torch.tensor(weights(name, tuple(parameter.shape)))
    return model


def listing(model):
    config = {**CONFIG, "architectures": [type(model).__name__]}
    return {"config": config, "tensors": {name: list(p.shape) for name, p in model.named_parameters()}}


def read_sentences(tokenizer, model, sentences):
    text = f"question: {QUESTION} answer: " + " ".join(f"</s> {sentence}" for sentence in sentences)
    ids = tokenizer(text.split(), is_split_into_words=True)["input_ids"]
    marks = [i for i, token in enumerate(ids) if token == 2][:len(sentences)]
    logits = model(torch.tensor([ids])).logits[0][marks]
    rewards = [POSITIVE if row[[0, 2]].argmax() == 1 else NEGATIVE for row in logits]
    return {"sentences": sentences, "tokens": ids, "marks": marks, "logits": logits.tolist(), "rewards": rewards}


def read_answer(tokenizer, model, sentences):
    ids = tokenizer(f"{QUESTION} answer: {' '.join(sentences)}")["input_ids"]
    return {"tokens": ids, "logit": model(torch.tensor([ids])).logits.item()}


def main():
    data = pathlib.Path(sys.argv[1])
    data.mkdir(parents=True, exist_ok=True)
    modeling_longformer.torch = DoubleTorch()
    tokenizer = make_tokenizer(data / "tokenizer.json")
    tokens = make_model(LongformerForTokenClassification, 3)
    tokens.classifier.bias.data = torch.tensor(BIAS, dtype=torch.float64)
    sequence = make_model(LongformerForSequenceClassification, 1)
    with torch.no_grad():
        found = {"question": QUESTION, "bias": BIAS, "by_token": listing(tokens), "by_sequence": listing(sequence),
                 "answers": [read_sentences(tokenizer, tokens, answer) | {"whole": read_answer(tokenizer, sequence, answer)}
                             for answer in ANSWERS]}
    print([answer["rewards"] for answer in found["answers"]], [len(answer["tokens"]) for answer in found["answers"]])
    (data / "fine_grained.json").write_text(json.dumps(found, separators=(",", ":"), ensure_ascii=False) + "\n")


main()
