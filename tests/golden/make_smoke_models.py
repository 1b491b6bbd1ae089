#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models and prompts of configs/smoke.yaml (tests/data/smoke). torch 2.11.0, tokenizers 0.23.3, safetensors 0.8.0.

policy/: a Llama with random weights whose unembedding leans on one constant coordinate of the hidden state, so that it
"speaks" words and full stops rather than stray bytes, and ends its answers. holistic/, relevance/: BERT encoders with a
score head. prompts.jsonl: twelve prompts. Usage: make_smoke_models.py DATA_DIR
"""
import json
import math
import pathlib
import sys

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SUBJECTS = ["a cat", "the river", "one model", "a reward", "the moon", "two ships", "the garden", "a small robot", "the old map",
            "a summary", "the winter", "our language"]
VERBS = ["finds", "follows", "needs", "changes", "hides", "likes"]
OBJECTS = ["the answer", "a friend", "warm water", "good data", "the long road", "a new word", "the last page"]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
POLICY_TOKENS, HIDDEN, HEADS, KV_HEADS, LAYERS, FEED_FORWARD, CONTEXT = 320, 32, 4, 2, 2, 48, 96
ENCODER_HIDDEN, ENCODER_LAYERS, ENCODER_POSITIONS = 24, 2, 96


def sentences():
    return [f"{s} {VERBS[(i + j) % len(VERBS)]} {o}." for i, s in enumerate(SUBJECTS) for j, o in enumerate(OBJECTS)]


def prompts():
    for i, subject in enumerate(SUBJECTS):
        document = " ".join(s.capitalize() for s in sentences()[i * len(OBJECTS):i * len(OBJECTS) + 3])
        question = f"What of {subject}?"
        yield {"id": f"prompt-{i:02}", "prompt": f"<|im_start|>user\n{document} {question}<|im_end|>\n<|im_start|>assistant\n",
               "question": question, "document": document, "reference": document.split(". ")[0].rstrip(".") + "."}


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def policy_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=POLICY_TOKENS, special_tokens=[AddedToken(t, special=True) for t in SPECIAL],
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(sentences(), trainer)
    assert tokenizer.get_vocab_size() == POLICY_TOKENS
    return tokenizer


def unigrams(tokenizer):
    """Log-probabilities of a bag of tokens: those of the sentences, and the end."""
    counts = torch.full((POLICY_TOKENS,), 1e-3)
    for sentence in sentences():
        for token in tokenizer.encode(" " + sentence).ids:
            counts[token] += 1
    counts[tokenizer.token_to_id("<|im_end|>")] = 0.1 * counts.sum()
    return (counts / counts.sum()).log()


def policy_weights(tokenizer):
    generator = torch.Generator().manual_seed(11)
    normal = lambda std, *shape: std * torch.randn(*shape, generator=generator)
    kv = HIDDEN // HEADS * KV_HEADS
    embedding, unembedding = normal(0.5, POLICY_TOKENS, HIDDEN), normal(0.25, POLICY_TOKENS, HIDDEN)
    constant = 4.0
    embedding[:, 0] = constant
    norm = math.sqrt((constant ** 2 + 0.25 * (HIDDEN - 1)) / HIDDEN)
    unembedding[:, 0] = unigrams(tokenizer) * norm / constant
    tensors = {"model.embed_tokens.weight": embedding, "lm_head.weight": unembedding, "model.norm.weight": torch.ones(HIDDEN)}
    for i in range(LAYERS):
        shapes = {"self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.k_proj": (kv, HIDDEN), "self_attn.v_proj": (kv, HIDDEN),
                  "self_attn.o_proj": (HIDDEN, HIDDEN), "mlp.gate_proj": (FEED_FORWARD, HIDDEN),
                  "mlp.up_proj": (FEED_FORWARD, HIDDEN), "mlp.down_proj": (HIDDEN, FEED_FORWARD)}
        for name, shape in shapes.items():
            tensors[f"model.layers.{i}.{name}.weight"] = normal(0.15, *shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{i}.{name}.weight"] = torch.ones(HIDDEN)
    return tensors


def make_policy(folder):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = policy_tokenizer()
    end = tokenizer.token_to_id("<|im_end|>")
    write_json(folder / "tokenizer.json", json.loads(tokenizer.to_str()))
    write_json(folder / "config.json", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "float32", "hidden_size": HIDDEN,
        "intermediate_size": FEED_FORWARD, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "head_dim": HIDDEN // HEADS, "hidden_act": "silu", "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": CONTEXT, "tie_word_embeddings": False, "vocab_size": POLICY_TOKENS,
        "bos_token_id": tokenizer.token_to_id("<|im_start|>"), "eos_token_id": end, "pad_token_id": end})
    write_json(folder / "generation_config.json", {"eos_token_id": end, "pad_token_id": end})
    save_file(policy_weights(tokenizer), folder / "model.safetensors", metadata={"format": "pt"})


def encoder_tokenizer():
    words = sorted({word.strip(".").lower() for s in sentences() for word in s.split()})
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    bigrams = sorted({word[i:i + 2] for word in words for i in range(1, len(word) - 1)})
    pieces = (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters + list("0123456789.,?!<>|_'-")
              + ["##" + c for c in letters] + ["##" + b for b in bigrams])
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(pieces[:5])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    return tokenizer


def encoder_weights(tokens, seed):
    generator = torch.Generator().manual_seed(seed)
    normal = lambda *shape: 0.3 * torch.randn(*shape, generator=generator)
    d = ENCODER_HIDDEN
    tensors = {"embeddings.word_embeddings.weight": normal(tokens, d), "embeddings.position_embeddings.weight": normal(ENCODER_POSITIONS, d),
               "embeddings.token_type_embeddings.weight": normal(2, d), "score.weight": normal(1, d), "score.bias": normal(1)}
    linears, norms = {}, ["embeddings.LayerNorm"]
    for i in range(ENCODER_LAYERS):
        layer = f"encoder.layer.{i}."
        linears |= {layer + f"attention.self.{n}": (d, d) for n in ("query", "key", "value")}
        linears |= {layer + "attention.output.dense": (d, d), layer + "intermediate.dense": (d, d), layer + "output.dense": (d, d)}
        norms += [layer + "attention.output.LayerNorm", layer + "output.LayerNorm"]
    for name, shape in linears.items():
        tensors |= {name + ".weight": normal(*shape), name + ".bias": normal(shape[0])}
    for name in norms:
        tensors |= {name + ".weight": 1 + normal(d), name + ".bias": normal(d)}
    return tensors


def make_encoder(folder, seed, granularity, template):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = encoder_tokenizer()
    write_json(folder / "tokenizer.json", json.loads(tokenizer.to_str()))
    write_json(folder / "config.json", {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": ENCODER_HIDDEN, "num_hidden_layers": ENCODER_LAYERS,
        "num_attention_heads": 4, "intermediate_size": ENCODER_HIDDEN, "vocab_size": tokenizer.get_vocab_size(),
        "hidden_act": "gelu", "max_position_embeddings": ENCODER_POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12})
    write_json(folder / "reward_model.json", {
        "name": folder.name, "kind": granularity, "granularity": granularity, "max_tokens": 64,
        "template": template | {"max_document_tokens": 24, "document_cut": "middle"}, "trained_on": "nothing: random weights"})
    save_file(encoder_weights(tokenizer.get_vocab_size(), seed), folder / "model.safetensors", metadata={"format": "pt"})


def main():
    data = pathlib.Path(sys.argv[1])
    make_policy(data / "policy")
    make_encoder(data / "holistic", 21, "response", {"first": "{question} {response}", "second": "{document}"})
    make_encoder(data / "relevance", 22, "sentence", {"first": "{question}", "second": "{sentence}"})
    (data / "prompts.jsonl").write_text("".join(json.dumps(p) + "\n" for p in prompts()))


main()
