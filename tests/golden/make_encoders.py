# SPDX-License-Identifier: Apache-2.0
"""Golden numbers of tiny encoders of each family and head. torch 2.11.0, transformers 5.23.0, safetensors 0.8.0.

  make_encoders.py DATA_DIR          writes encoders.json (configs, inputs, names and shapes of the tensors that save_pretrained
                                     writes) and encoders_expected.safetensors
  make_encoders.py DATA_DIR --check EXPORT_DIR
                                     loads EXPORT_DIR/<variant>, which model_encoder_families_test wrote with changed weights
                                     (ALARM_EXPORT_ENCODERS), in transformers and compares logits

Weights are a formula of name and place (formula.py). Everything is float64: Longformer's softmax, which transformers computes in
float32 whatever the model's type, is shown a `torch` whose float32 is float64; how far that is from transformers as it stands is
printed. One sequence at a time, without padding. Gradients are those of probe(logits), parameters in the order of their names,
end to end, zeros where a parameter has none; a pooler that is not used is left out.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, AutoModelForTokenClassification
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position
from transformers.models.longformer import modeling_longformer

from formula import DoubleTorch, weights

AUTO = {"Model": AutoModel, "ForSequenceClassification": AutoModelForSequenceClassification,
        "ForTokenClassification": AutoModelForTokenClassification}
SIZES = {"vocab_size": 24, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
         "max_position_embeddings": 36, "layer_norm_eps": 1e-5, "hidden_act": "gelu"}
LENGTHS = {"short": [5, 1, 9, 5, 13], "long": [3, 8, 9, 1, 16, 21, 30, 21, 9]}
GLOBALS = [[], [0], [0, 5, 8], [0], None, [2, 3, 20], [0, 9, 29], [2, 3, 20], [4]]  # of the long ones; None: not said


def bert(head, **changes):
    return {"architectures": ["Bert" + head], "model_type": "bert", "type_vocab_size": 2, "pad_token_id": 0, **SIZES, **changes}


def roberta(head, name="Roberta", kind="roberta", **changes):
    return {"architectures": [name + head], "model_type": kind, "type_vocab_size": 1, "pad_token_id": 1, **SIZES, **changes}


def longformer(head, **changes):
    return roberta(head, "Longformer", "longformer", attention_window=[4, 8], **changes)


def deberta(head, **changes):
    return {"architectures": ["DebertaV2" + head], "model_type": "deberta-v2", "pad_token_id": 0, "relative_attention": True,
            **SIZES, **changes}


V3 = {"share_att_key": True, "norm_rel_ebd": "layer_norm", "position_buckets": 4, "position_biased_input": False,
      "pos_att_type": "p2c|c2p", "type_vocab_size": 0, "max_relative_positions": -1, "layer_norm_eps": 1e-7}
BUCKETS = [(256, 512), (32, 128), (7, 20)]
SEQUENCE, TOKENS = "ForSequenceClassification", "ForTokenClassification"
VARIANTS = {
    "bert_sequence": bert(SEQUENCE, num_labels=3),
    "bert_tokens": bert(TOKENS, num_labels=4, hidden_act="gelu_new"),
    "roberta_trunk": roberta("Model"),
    "roberta_sequence": roberta(SEQUENCE, num_labels=1),
    "roberta_tokens": roberta(TOKENS, num_labels=3, type_vocab_size=2),
    "xlm_roberta_sequence": roberta(SEQUENCE, "XLMRoberta", "xlm-roberta", num_labels=2),
    "longformer_trunk": longformer("Model"),
    "longformer_sequence": longformer(SEQUENCE, num_labels=1),
    "longformer_tokens": longformer(TOKENS, num_labels=3),
    "deberta_v3_sequence": deberta(SEQUENCE, num_labels=2, **V3),
    "deberta_v3_tokens": deberta(TOKENS, num_labels=3, **{**V3, "position_buckets": 6, "max_relative_positions": 20,
                                                         "share_att_key": False, "norm_rel_ebd": "none"}),
    "deberta_v2_sequence": deberta(SEQUENCE, num_labels=1, pos_att_type=["c2p"], type_vocab_size=2, max_relative_positions=5,
                                   pooler_hidden_act="relu"),
}


def inputs_of(config):
    """Longformer's trunk with every kind of global tokens, its heads with what transformers takes where none are named."""
    generator = torch.Generator().manual_seed(7)
    far = "attention_window" in config
    inputs = []
    for i, length in enumerate(LENGTHS["long" if far else "short"]):
        tokens = torch.randint(2, config["vocab_size"], (length,), generator=generator).tolist()
        if length > 8 and config["pad_token_id"] == 1:
            tokens[4] = 1  # a padding token has no position of its own
        types = [int(config["type_vocab_size"] > 1 and t > length // 2) for t in range(length)]
        inputs.append({"tokens": tokens, "types": types})
        if far and config["architectures"][0].endswith("Model") and GLOBALS[i] is not None:
            inputs[-1]["global"] = GLOBALS[i]
    return inputs


def auto_of(config):
    name = config["architectures"][0]
    return next(auto for ending, auto in reversed(AUTO.items()) if name.endswith(ending))


def names_written(config, folder):
    (folder / "config.json").write_text(json.dumps(config))
    auto_of(config).from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder / "names")
    with safe_open(folder / "names/model.safetensors", "np") as file:
        return {name: list(file.get_slice(name).get_shape()) for name in sorted(file.keys())}


def load(config, folder):
    model, info = auto_of(config).from_pretrained(folder, dtype=torch.float64, attn_implementation="eager",
                                                  output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"], info
    unexpected = [name for name in info["unexpected_keys"] if not name.startswith("score.")]
    assert not unexpected, info
    return model.eval()


def run(model, config, one):
    tokens = torch.tensor([one["tokens"]])
    arguments = {"attention_mask": torch.ones_like(tokens), "output_hidden_states": True}
    if config["type_vocab_size"] > 1:
        arguments["token_type_ids"] = torch.tensor([one["types"]])
    if "global" in one:
        mask = torch.zeros_like(tokens)
        mask[0, one["global"]] = 1
        arguments["global_attention_mask"] = mask
    found = model(tokens, **arguments)
    states = found.hidden_states[-1][0]
    logits = found.logits.reshape(-1, config["num_labels"]) if "num_labels" in config else states
    return states, logits


def probe(x):
    return (x * (x.square() + 1).log()).sum()


def numbers(model, config, inputs):
    results = [run(model, config, one) for one in inputs]
    return torch.cat([states for states, _ in results]), torch.cat([logits for _, logits in results])


def golden_of(model, config, inputs):
    states, logits = numbers(model, config, inputs)
    probe(logits).backward()
    parameters = [p for name, p in sorted(model.named_parameters()) if "pooler" not in name or p.grad is not None]
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    out = {"hidden": states, "gradients": torch.cat([g.flatten() for g in gradients])}
    if "num_labels" in config:
        out["logits"] = logits
    return out


def places():
    """Rows of DeBERTa's position table for the distances -511..511, by buckets and greatest distance."""
    distances = torch.arange(-511, 512)
    return {f"places.{buckets}.{reach}": (make_log_bucket_position(distances, buckets, reach).long() + buckets).clamp(
        0, 2 * buckets - 1).to(torch.int16).numpy() for buckets, reach in BUCKETS}


def make(data):
    listing, golden = {}, places()
    for name, config in VARIANTS.items():
        inputs = inputs_of(config)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            tensors = names_written(config, folder)
            save_file({n: weights(n, shape) for n, shape in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
            model = load(config, folder)
        if "longformer" in name:
            with torch.no_grad():
                as_it_stands = numbers(model, config, inputs)[0]
            modeling_longformer.torch = DoubleTorch()
        out = golden_of(model, config, inputs)
        if "longformer" in name:
            modeling_longformer.torch = torch
            print(f"{name}: float32 softmax moves states by {(out['hidden'] - as_it_stands).abs().max():.1e}")
        listing[name] = {"config": config, "tensors": tensors, "inputs": inputs}
        golden.update({f"{name}.{key}": np.ascontiguousarray(value.detach().numpy()) for key, value in out.items()})
        print(f"{name}: {len(tensors)} tensors, states up to {out['hidden'].abs().max():.2f}")
    (data / "encoders.json").write_text(json.dumps(listing, separators=(",", ":")) + "\n")
    save_file(golden, data / "encoders_expected.safetensors")


def check(data, exports):
    listing = json.loads((data / "encoders.json").read_text())
    modeling_longformer.torch = DoubleTorch()
    worst = 0.0
    for name, entry in listing.items():
        model = load(entry["config"], exports / name)
        with safe_open(exports / name / "probe.safetensors", "pt") as written, torch.no_grad():
            found = numbers(model, entry["config"], entry["inputs"])[1]
            difference = (found - written.get_tensor("logits")).abs().max().item()
        print(f"{name}: {type(model).__name__}, at most {difference:.2e} apart")
        worst = max(worst, difference)
    assert worst < 1e-9, worst


if __name__ == "__main__":
    if sys.argv[2:3] == ["--check"]:
        check(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3]))
    else:
        make(pathlib.Path(sys.argv[1]))
