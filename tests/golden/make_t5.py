# SPDX-License-Identifier: Apache-2.0
"""Golden numbers of random tiny T5 models (tests/data/model/tiny_t5...). torch 2.11.0, transformers 5.23.0, safetensors 0.8.

Three models: the original T5 (tied, relu), v1.1 as Flan-T5 has it (untied, gated gelu), mT5. Everything is computed in float64;
Transformers' norm takes its variance in float32 whatever the model's type, so it is replaced by the same formula in the model's
type. weight_gradients: of every weight, in the order of their names, end to end. LoRA is a plain W x + (alpha / rank) B A x. Weights are stored in float16, which both sides read exactly.
Usage: make_t5.py OUTPUT_DIR
       make_t5.py --check EXPORTED_DIR SOURCE_DIR   (what t5_test.cpp saved: a model with the adapter merged in, and adapter/ for
                                                     PEFT 0.21 on the model of SOURCE_DIR, which has SOURCE_DIR_golden.safetensors beside it)
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSeq2SeqLM, MT5Config, MT5ForConditionalGeneration, T5Config, T5ForConditionalGeneration
from transformers.models.mt5 import modeling_mt5
from transformers.models.t5 import modeling_t5

RANK, ALPHA = 2, 4.0
VOCABULARY, GREEDY = 64, 200
PROCESSED, PENALTY = 60, 1.3  # tokens; t5_test.cpp has the same
PROMPT_SIZES = [5, 23, 150]  # the last is longer than all buckets but one
RESPONSE_SIZES = [[3, 1, 5], [6], [2, 4]]
SHAPE = dict(vocab_size=VOCABULARY, d_model=16, d_kv=4, num_heads=3, d_ff=24, num_layers=2, decoder_start_token_id=0,
             pad_token_id=0, attn_implementation="eager")
MODELS = {
    "tiny_t5": (T5ForConditionalGeneration, T5Config(**SHAPE), ["q", "v", "wi", "wo"]),
    "tiny_t5_v1_1": (T5ForConditionalGeneration,
                     T5Config(**SHAPE, num_decoder_layers=1, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
                     ["q", "k", "v", "o", "wi_0", "wi_1", "wo"]),
    "tiny_mt5": (MT5ForConditionalGeneration, MT5Config(**SHAPE), ["q", "v"]),
}


def norm_forward(self, x):
    return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)


modeling_t5.T5LayerNorm.forward = norm_forward
modeling_mt5.MT5LayerNorm.forward = norm_forward


class Lora(torch.nn.Module):
    def __init__(self, base, a, b):
        super().__init__()
        self.base, self.a, self.b, self.weight = base, a, b, base.weight  # T5's feed-forward part asks for the type of the weight

    def forward(self, x):
        return self.base(x) + (ALPHA / RANK) * (x @ self.a.T) @ self.b.T


def make_model(kind, config, generator):
    model = kind(config).double().eval()
    if config.feed_forward_proj == "gated-gelu":  # a head of its own: Transformers 5 ties it until the weights differ
        model.lm_head.weight = torch.nn.Parameter(torch.empty(VOCABULARY, config.d_model, dtype=torch.float64))
    for name, weight in model.named_parameters():
        noise = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        scale = 1.0 if name.startswith("shared") else 3.0 if "relative" in name else 0.6
        value = 1 + 0.3 * noise.clamp(-2, 2) if "layer_norm" in name else scale * noise
        weight.data = value.half().double()
    return model


def tokens(size, generator):
    return torch.randint(2, VOCABULARY, (size,), generator=generator)


def add_adapter(model, targets, generator):
    tensors = {}
    for name, module in list(model.named_modules()):
        if isinstance(module, torch.nn.Linear) and name.split(".")[-1] in targets:
            pair = {}
            for part, shape in (("A", (RANK, module.in_features)), ("B", (module.out_features, RANK))):
                pair[part] = (0.2 * torch.randn(shape, generator=generator)).half().double().requires_grad_()
                tensors[f"base_model.model.{name}.lora_{part}.weight"] = pair[part]
            setattr(model.get_submodule(name.rsplit(".", 1)[0]), name.rsplit(".", 1)[1], Lora(module, pair["A"], pair["B"]))
    return tensors


def label_logits(model, prompt, response):
    return model(input_ids=prompt[None], labels=response[None])


def greedy(model, prompts):
    """One at a time; a padded batch, on either side, must give the same."""
    found = []
    for prompt in prompts:
        found.append(model.generate(prompt[None], do_sample=False, max_new_tokens=GREEDY)[0, 1:])
        assert len(found[-1]) == GREEDY, "the model ended its sequence: choose another seed"
        logits = label_logits(model, prompt, found[-1]).logits[0]
        assert torch.equal(logits.argmax(-1), found[-1]), "the cache changes the sequence"
        top = logits.topk(2).values
        assert (top[:, 0] - top[:, 1]).min() > 1e-6, "two tokens are nearly equal: choose another seed"
    longest = max(map(len, prompts))
    for side in ("left", "right"):
        pad = [torch.zeros(longest - len(p), dtype=torch.long) for p in prompts]
        one = [torch.ones(len(p), dtype=torch.long) for p in prompts]
        join = (lambda x, y: torch.cat([x, y])) if side == "left" else (lambda x, y: torch.cat([y, x]))
        ids = torch.stack([join(z, p) for z, p in zip(pad, prompts)])
        mask = torch.stack([join(z, o) for z, o in zip(pad, one)])
        batch = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=GREEDY)[:, 1:]
        assert torch.equal(batch, torch.stack(found)), f"padding on the {side} changes the sequence"
    return found


def processed(model, prompts, plain):
    """Greedy under a repetition penalty and bad words, which read the decoder's tokens, its start among them, and not the prompt."""
    bad = [[int(plain[0][0])], [int(plain[1][1]), int(plain[1][2])], [0, int(plain[2][0])]]

    def run(words):
        found = []
        for prompt in prompts:
            made = model.generate(prompt[None], do_sample=False, max_new_tokens=PROCESSED, repetition_penalty=PENALTY,
                                  bad_words_ids=words, output_scores=True, return_dict_in_generate=True)
            top = torch.cat(made.scores).topk(2).values
            assert (top[:, 0] - top[:, 1]).min() > 1e-6, "two tokens are nearly equal: choose another seed"
            found.append(made.sequences[0, 1:])
        return found

    first = run(bad)
    # A word that the prompt begins and the answer would complete, were they one sequence.
    bad.append([int(prompts[0][-1]), int(first[0][0])])
    found = run(bad)
    assert all(torch.equal(a, b) for a, b in zip(first, found)) and not torch.equal(found[1], plain[1][:len(found[1])])
    return found, torch.tensor([[-1] * (2 - len(word)) + word for word in bad])


def score(model, prompts, responses):
    """Log-probabilities of all responses with Transformers' labels, and the loss of t5_test.cpp."""
    scores, loss, number = [], 0.0, 0
    for prompt, siblings in zip(prompts, responses):
        for response in siblings:
            output = label_logits(model, prompt, response)
            picked = torch.log_softmax(output.logits[0], -1)[range(len(response)), response]
            assert abs(output.loss + picked.mean()) < 1e-12
            weights = torch.arange(1, len(response) + 1, dtype=torch.float64) * (number - 1.5)
            loss = loss + (weights * picked).sum() + (picked ** 2).sum()
            scores.append(picked)
            number += 1
    return torch.cat(scores), loss


def make_golden(out, name, kind, config, targets):
    generator = torch.Generator().manual_seed(11)
    model = make_model(kind, config, generator)
    model.half().save_pretrained(out / name)
    model.double()
    prompts = [tokens(n, generator) for n in PROMPT_SIZES]
    responses = [[tokens(n, generator) for n in sizes] for sizes in RESPONSE_SIZES]
    golden = {f"prompt.{i}": prompt for i, prompt in enumerate(prompts)}
    golden |= {f"response.{i}.{j}": r for i, siblings in enumerate(responses) for j, r in enumerate(siblings)}
    for i, prompt in enumerate(prompts):
        golden[f"logits.{i}"] = label_logits(model, prompt, responses[i][0]).logits[0].detach()
    with torch.no_grad():
        plain = greedy(model, prompts)
        changed, golden["bad_words"] = processed(model, prompts, plain)
    for i in range(len(prompts)):
        golden |= {f"greedy.{i}": plain[i], f"processed.{i}": changed[i]}
    score(model, prompts, responses)[1].backward()
    golden["weight_gradients"] = torch.cat([weight.grad.flatten() for _, weight in sorted(model.named_parameters())]).float()
    model.zero_grad()
    adapter = add_adapter(model, targets, generator)
    golden["merged_logits"] = label_logits(model, prompts[0], responses[0][0]).logits[0].detach()
    scores, loss = score(model, prompts, responses)
    loss.backward()
    golden["scores"], golden["loss"] = scores.detach(), loss.detach().reshape(1)
    for key, tensor in adapter.items():
        golden["lora." + key] = tensor.detach().half()
        golden["gradient." + key] = tensor.grad
    print(name, "greedy tokens:", [len(set(golden[f"greedy.{i}"].tolist())) for i in range(len(prompts))], "different ones")
    save_file({key: tensor.contiguous() for key, tensor in golden.items()}, out / f"{name}_golden.safetensors")
    (out / name / "generation_config.json").write_text(
        json.dumps({"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}) + "\n")


def make_buckets(out):
    """Buckets of distances -1000..1000 for several (number, maximal distance)."""
    golden, distances = {}, torch.arange(-1000, 1001)
    for number, far in ((32, 128), (32, 256), (16, 20), (8, 600)):
        for both in (True, False):
            bucket = modeling_t5.T5Attention._relative_position_bucket(distances, both, number, far)
            golden[f"{number}.{far}.{'both' if both else 'backwards'}"] = bucket.to(torch.uint8)
    save_file(golden, out / "t5_buckets.safetensors")


def check(folder, source):
    from peft import PeftModel
    golden = load_file(f"{source}_golden.safetensors")
    load = dict(dtype=torch.float64, attn_implementation="eager")
    merged = AutoModelForSeq2SeqLM.from_pretrained(folder, **load)
    adapted = PeftModel.from_pretrained(AutoModelForSeq2SeqLM.from_pretrained(source, **load), folder / "adapter").double()
    for name, model in (("merged", merged), ("adapter", adapted)):
        logits = label_logits(model.eval(), golden["prompt.0"], golden["response.0.0"]).logits[0]
        difference = (logits - golden["merged_logits"]).abs().max().item()
        print(f"{folder}: {name}, {type(model).__name__}, largest difference of logits {difference:.2e}, bound 1e-9")
        if not difference < 1e-9:
            sys.exit(1)


if sys.argv[1] == "--check":
    check(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    sys.exit(0)
for model_name, (model_kind, model_config, model_targets) in MODELS.items():
    make_golden(pathlib.Path(sys.argv[1]), model_name, model_kind, model_config, model_targets)
make_buckets(pathlib.Path(sys.argv[1]))
