# SPDX-License-Identifier: Apache-2.0
"""trl 1.16.0: DPOTrainer._compute_loss (sigmoid, ipo, robust), KTOTrainer._compute_loss, CPOTrainer.cpo_loss with
get_batch_logps (SimPO), whole, on stubs for the trainer and the models. The first half of a case's responses are chosen,
the second rejected; KTO takes them all."""
import contextlib
from types import SimpleNamespace

import torch
import trl.trainer.dpo_trainer as dpo
import trl.trainer.kto_trainer as kto
from trl.experimental.cpo.cpo_trainer import CPOTrainer

from .cases import Accelerator, Stub, differentiate, logits_of, metrics

for module in (dpo, kto):
    module.disable_gradient_checkpointing = lambda *ignored: contextlib.nullcontext()
    module.is_peft_model = lambda model: False
BASELINE = 7  # the first token of the answers that KTO's baseline is measured on


def model_of(rows):
    """A language model whose answers have the log-probabilities rows(input_ids)."""

    def model(input_ids, **ignored):
        values = rows(input_ids)
        return SimpleNamespace(log_probs=values, entropy=torch.zeros_like(values), mean_logits=torch.zeros_like(values),
                               is_top1=torch.zeros_like(values, dtype=torch.bool))

    model.training = True
    return model


def with_prompt(case):
    """Mask and token ids with a prompt of one token in front."""
    mask = torch.cat([torch.zeros(case.responses, 1), case.mask()], 1).long()
    return mask, torch.zeros_like(mask)


def make_dpo(case, golden):
    pairs = case.responses // 2
    mask, tokens = with_prompt(case)
    inputs = {"completion_mask": mask[:2 * pairs], "input_ids": tokens[:2 * pairs], "attention_mask": mask[:2 * pairs]}
    now = {}
    policy = model_of(lambda tokens: now["logprobs"][:2 * pairs])
    trainer = Stub(
        model=policy, ref_model=model_of(lambda tokens: case.padded(case.reference)[:2 * pairs]),
        accelerator=Accelerator(), aux_loss_enabled=False, ld_alpha=None, precompute_ref_logps=False,
        f_divergence_type="reverse_kl", beta=case.beta, loss_weights=[1.], label_smoothing=case.smoothing,
        use_weighting=False, _metrics=metrics(), _total_train_tokens=0, _tp_size=1,
        args=SimpleNamespace(gradient_checkpointing_kwargs=None))

    def loss(logprobs):
        now["logprobs"] = case.padded(logprobs)
        return dpo.DPOTrainer._compute_loss(trainer, policy, inputs, False)

    for name in ("sigmoid", "ipo", "robust"):
        trainer.loss_types = [name]
        differentiate(case, golden, {"sigmoid": "dpo", "ipo": "ipo_mean"}.get(name, name), loss, case.logprobs)
    golden["dpo.ranked"] = round(trainer._metrics["train"]["rewards/accuracies"][0] * pairs)
    golden["dpo.chosen"] = trainer._metrics["train"]["rewards/chosen"][0]


def make_simpo(case, golden):
    pairs = case.responses // 2
    mask, tokens = with_prompt(case)
    trainer = Stub(alpha=0., accelerator=Accelerator(), loss_type="simpo", simpo_gamma=case.margin, beta=2 * case.beta,
                   label_smoothing=case.smoothing if case.number % 2 else 0.)

    def loss(logprobs):
        logits = logits_of(case.padded(logprobs, fill=-1.))
        logits = torch.cat([logits, torch.zeros_like(logits[:, :1])], 1)
        means = CPOTrainer.get_batch_logps(logits, tokens.masked_fill(mask == 0, -100), average_log_prob=True)
        return CPOTrainer.cpo_loss(trainer, means[:pairs], means[pairs:2 * pairs])[0].mean()

    differentiate(case, golden, "simpo", loss, case.logprobs)


def make_kto(case, golden):
    mask, tokens = with_prompt(case)
    now = {}
    unpaired = tokens.clone()
    unpaired[:, 0] = BASELINE
    is_baseline = lambda ids: int(ids[0, 0]) == BASELINE  # noqa: E731
    policy = model_of(lambda ids: case.padded(case.rollout) if is_baseline(ids) else now["logprobs"])
    reference = model_of(lambda ids: case.padded(case.old if is_baseline(ids) else case.reference))
    inputs = {"label": case.desirable, "input_ids": tokens, "attention_mask": mask, "completion_mask": mask,
              "KL_input_ids": unpaired, "KL_attention_mask": mask, "KL_completion_mask": mask}
    trainer = Stub(model=policy, ref_model=reference, accelerator=Accelerator(), calculate_KL=True,
                   aux_loss_enabled=False, precompute_ref_logps=False, loss_type="kto", beta=case.beta,
                   desirable_weight=case.good, undesirable_weight=case.bad, _metrics=metrics(), _total_train_tokens=0,
                   _tp_size=1, args=SimpleNamespace(gradient_checkpointing_kwargs=None))
    trainer._compute_kl_logps = lambda model, batch: kto.KTOTrainer._compute_kl_logps(trainer, model, batch)

    def loss(logprobs):
        now["logprobs"] = case.padded(logprobs)
        return kto.KTOTrainer._compute_loss(trainer, policy, inputs, False)

    differentiate(case, golden, "kto", loss, case.logprobs)
    golden["kto.baseline"] = trainer._metrics["train"]["kl"][0]


def make(case):
    golden = {}
    make_dpo(case, golden)
    make_simpo(case, golden)
    make_kto(case, golden)
    return golden
