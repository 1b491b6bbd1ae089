# SPDX-License-Identifier: Apache-2.0
"""What transformers' logit processors make of random logits: make_sampling.py DATA_DIR. torch 2.11.0, transformers 5.23.0.

Cases are the same as in tests/model/logit_processors_test.cpp. Processors stand in the order in which transformers' generate
applies them.
"""
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers.generation.logits_process import (LogitsProcessorList, MinNewTokensLengthLogitsProcessor, MinPLogitsWarper,
                                                    NoBadWordsLogitsProcessor, RepetitionPenaltyLogitsProcessor,
                                                    TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

EOS, PROMPT_SIZE = [2, 9], 4
TOKENS = torch.tensor([[5, 17, 39, 3, 25, 8], [30, 2, 11, 30, 6, 7], [1, 1, 1, 1, 5, 17]])  # 4 of the prompt, 2 generated
BAD_WORDS = [[12], [8, 20], [6, 7, 33], [1, 5, 17, 40], [7, 6, 34], [2]]

CASES = {
    "min_p": [TemperatureLogitsWarper(0.8), MinPLogitsWarper(0.05)],
    "min_p_after_others": [TemperatureLogitsWarper(1.5), TopKLogitsWarper(30), TopPLogitsWarper(0.9), MinPLogitsWarper(0.2)],
    "repetition": [RepetitionPenaltyLogitsProcessor(1.3)],
    "reward_of_repetition": [RepetitionPenaltyLogitsProcessor(0.7), TemperatureLogitsWarper(0.9)],
    "bad_words": [NoBadWordsLogitsProcessor(BAD_WORDS, eos_token_id=EOS)],
    "too_short": [MinNewTokensLengthLogitsProcessor(PROMPT_SIZE, 3, EOS)],
    "long_enough": [MinNewTokensLengthLogitsProcessor(PROMPT_SIZE, 2, EOS)],
    "all": [RepetitionPenaltyLogitsProcessor(1.2), NoBadWordsLogitsProcessor(BAD_WORDS, eos_token_id=EOS),
            MinNewTokensLengthLogitsProcessor(PROMPT_SIZE, 5, EOS), TemperatureLogitsWarper(0.7), TopKLogitsWarper(25),
            TopPLogitsWarper(0.95), MinPLogitsWarper(0.01)],
}

logits = 2 * torch.randn(3, 48, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
golden = {"logits": logits}
for name, processors in CASES.items():
    golden[name] = torch.log_softmax(LogitsProcessorList(processors)(TOKENS, logits.clone()), -1)
save_file(golden, pathlib.Path(sys.argv[1]) / "sampling.safetensors")
